"""The inputs and outputs of an exported model: their nesting, shapes, dtypes and names."""

import re

import keras
import tensorflow as tf


def input_specs(model, batch_size, example=None, shapes=None):
    """The model's inputs, nested as the model takes them, as `tf.TensorSpec`s of fixed shape with names of their own.

    Floating inputs become float32. A subclassed model does not say the dtype of its inputs: that of `example`, a nest of
    arrays, decides, else float32. `shapes`, without the batch, take the place of those that the model was built for.
    """
    structure = declared_inputs(model, shapes)
    flat = tf.nest.flatten(structure)
    dtypes = [spec.dtype for spec in flat]
    if example is not None and not is_graph(model):
        dtypes = [tf.as_dtype(array.dtype) for array in tf.nest.flatten(example)]
    names = sorted(structure) if isinstance(structure, dict) else [spec.name or "input" for spec in flat]
    for spec, name in zip(flat, names):
        if spec.shape.rank is None or None in spec.shape[1:]:
            raise ValueError(
                f"to_tflite: the size of every input must be known, but for the batch. Received: input {name!r} of shape "
                f"{tuple(spec.shape) if spec.shape.rank is not None else 'unknown'}. Give it as an argument, "
                "input_shapes=(height, width, channels), or give the model a fixed Input: "
                "x = keras.Input([height, width, channels]); to_tflite(keras.Model(x, model(x)), path)."
            )
    specs = [
        tf.TensorSpec([batch_size, *spec.shape[1:]], tf.float32 if dtype.is_floating else dtype, name)
        for spec, dtype, name in zip(flat, dtypes, unique_names(names))
    ]
    return tf.nest.pack_sequence_as(structure, specs)


def is_graph(model):
    """Whether the model is Sequential or functional, and so knows its inputs."""
    return bool(getattr(model, "inputs", None))


def declared_inputs(model, shapes=None, check=True):
    """The inputs that the model was built for, with the batch it was built for, or with `shapes` in place of theirs.

    None for a model that does not tell them, unless `check`.
    """
    if is_graph(model):
        structure = model.inputs[0] if isinstance(model, keras.Sequential) else model.input
        specs = tf.nest.map_structure(lambda x: tf.TensorSpec(x.shape, tf.as_dtype(x.dtype), x.name), structure)
        return specs if shapes is None else reshaped(specs, shapes)
    built = (model.get_build_config() or {}).get("input_shape")
    if built:
        return specs_of_shapes(built) if shapes is None else reshaped(specs_of_shapes(built), shapes)
    if shapes is not None and model.built:
        return with_batch(shapes)
    if check:
        raise ValueError(
            f"to_tflite: {type(model).__name__} {model.name!r} does not know its inputs yet (or its call takes several "
            "arguments). Call it once on data, model(x), or build it: model.build(input_shape); several inputs go in one "
            "list or dict."
        )
    return None


def with_batch(shapes):
    if isinstance(shapes, dict):
        return {name: with_batch(shape) for name, shape in shapes.items()}
    if isinstance(shapes, tuple):
        return tf.TensorSpec([None, *shapes], tf.float32)
    return [with_batch(shape) for shape in shapes]


def reshaped(specs, shapes):
    """The specs with other shapes behind the batch; a dict of shapes goes by the names of the inputs."""
    flat = tf.nest.flatten(specs)
    names = sorted(specs) if isinstance(specs, dict) else [spec.name for spec in flat]
    wanted = "one shape" if len(flat) == 1 else f"{len(flat)} shapes, {', '.join(map(str, names))}"
    if isinstance(shapes, dict):
        fits = set(shapes) == set(names) and all(isinstance(shape, tuple) for shape in shapes.values())
        given = [shapes[name] for name in names] if fits else []
    else:
        given = [shapes] if isinstance(shapes, tuple) else shapes
    fits = len(given) == len(flat) and all(isinstance(shape, tuple) for shape in given)
    if not fits or any(spec.shape.rank not in (None, len(shape) + 1) for spec, shape in zip(flat, given)):
        own = ", ".join(str(tuple(spec.shape[1:])) if spec.shape.rank else "unknown" for spec in flat)
        raise ValueError(
            f"to_tflite: `input_shapes` does not fit the model's inputs. Expected {wanted}, without the batch, like the "
            f"model's own, {own}. Received: {shapes!r}."
        )
    batches = [spec.shape[0] if spec.shape.rank else None for spec in flat]
    new = [tf.TensorSpec([b, *shape], spec.dtype, spec.name) for b, spec, shape in zip(batches, flat, given)]
    return tf.nest.pack_sequence_as(specs, new)


def specs_of_shapes(shapes):
    if isinstance(shapes, dict):
        return {name: specs_of_shapes(shape) for name, shape in shapes.items()}
    if all(size is None or isinstance(size, int) for size in shapes):
        return tf.TensorSpec(shapes, tf.float32)
    return [specs_of_shapes(shape) for shape in shapes]


def fixed_batch(model):
    """The batch size that a Sequential or functional model was built for, or None."""
    sizes = [spec.shape[0] for spec in tf.nest.flatten(declared_inputs(model))] if is_graph(model) else []
    return next((size for size in sizes if size is not None), None)


def name_outputs(outputs):
    """A flat dict of the model's outputs: under their own keys if it returns a dict, else `output_0`, `output_1`, ..."""
    flat = tf.nest.flatten(outputs)
    keyed = isinstance(outputs, dict) and len(outputs) == len(flat)
    names = unique_names(sorted(outputs)) if keyed else [f"output_{i}" for i in range(len(flat))]
    return dict(zip(names, flat))


def unique_names(names):
    """Names that can be Python arguments, each once."""
    unique = []
    for name in names:
        plain = re.sub(r"\W", "_", str(name))
        plain = plain if re.match(r"[A-Za-z]", plain) else "input_" + plain.lstrip("_")
        choice, count = plain, 1
        while choice in unique:
            choice, count = f"{plain}_{count}", count + 1
        unique.append(choice)
    return unique
