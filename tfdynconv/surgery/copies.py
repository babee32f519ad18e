"""A layer once more, with the same weights."""

import keras

from tfdynconv.layers.walk import walk


def copied(layer, **changes):
    """A new layer of the same config but for `changes`, not built; also of what is no layer, the operations of Keras 3."""
    if isinstance(layer, keras.layers.Lambda):
        return copied_lambda(layer)
    try:
        return type(layer).from_config({**layer.get_config(), **changes})
    except (NotImplementedError, TypeError, ValueError) as error:
        raise ValueError(
            f"tfdynconv.surgery: layer {layer.name!r} ({type(layer).__name__}) cannot be made a second time from its config. "
            "Give its class a `get_config` with all arguments of `__init__`, and register functions that it holds with "
            f"keras.saving.register_keras_serializable. {error}"
        ) from error


def copied_lambda(layer):
    """Around the same function: from a config Keras makes none, for it would have to trust the bytes in there."""
    config = layer.get_config()
    shared = {name: config[name] for name in ("name", "trainable") if name in config}
    shape, mask = config.get("output_shape"), config.get("mask")
    arguments = {"arguments": config.get("arguments"), "dtype": layer.dtype_policy, **shared}
    if isinstance(shape, (list, tuple)):
        arguments["output_shape"] = tuple(shape)
    if callable(mask):
        arguments["mask"] = mask
    return keras.layers.Lambda(layer.function, **arguments)


def give_weights(old, new):
    """Assign the weights of a layer to its copy."""
    before, after = old.get_weights(), new.weights
    if [value.shape for value in before] != [tuple(weight.shape) for weight in after]:
        raise ValueError(
            f"tfdynconv.surgery: the copy of layer {old.name!r} ({type(old).__name__}) has other weights than the layer: "
            f"{[tuple(weight.shape) for weight in after]} instead of {[value.shape for value in before]}. Its `get_config` "
            "must tell all that its weights depend on."
        )
    new.set_weights(before)
    for part in walk(new):
        if hasattr(part, "finalize_state"):  # layers that compute constants from their weights, as Normalization
            part.finalize_state()


def give_flag(layer, trainable):
    """Freeze or thaw a layer with all inside. Keras passes over a flag that is set already, and tells the parts nothing."""
    for part in walk(layer) if not trainable else [layer]:
        if part.trainable != trainable:
            part.trainable = trainable


def give_flags(old, new):
    """Make the same parts trainable: those of an owner first, since setting its flag sets theirs."""
    for before, after in zip(walk(old), walk(new)):
        if type(before) is not type(after):
            break
        if after.trainable != before.trainable:
            after.trainable = before.trainable
