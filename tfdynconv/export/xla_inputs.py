"""The inputs that a model is compiled for: what the user gave, checked against what the model takes."""

import keras
import tensorflow as tf

from tfdynconv.export.signature import declared_inputs, is_graph, unique_names
from tfdynconv.ops.geometry import is_int


def specs_for(model, input_shape, caller):
    """(specs nested as the model takes its inputs, with the batch as given; the same with a batch of 1 where it is None)."""
    if not isinstance(model, keras.Model):
        raise ValueError(
            f"{caller}: expected a Keras model. Received: {type(model).__name__}. Put a layer into "
            "keras.Sequential([keras.Input(shape), layer])."
        )
    if not model.built:
        raise ValueError(
            f"{caller}: {type(model).__name__} {model.name!r} has no weights yet. Build it, model.build(input_shape), or call "
            "it once on data, model(x)."
        )
    given = leaves(input_shape, caller)
    own = declared_inputs(model, check=False)
    if is_graph(model):
        given = matched(given, own, input_shape, caller)
    names = unique_names(
        sorted(given) if isinstance(given, dict) else [s.name or "input" for s in tf.nest.flatten(given)]
    )
    named = [tf.TensorSpec(s.shape, s.dtype, name) for s, name in zip(tf.nest.flatten(given), names)]
    for spec in named:
        if spec.dtype == tf.string:
            raise ValueError(
                f"{caller}: XLA knows no strings. Received: input {spec.name!r} of strings. Compile the part of the model "
                "behind its text processing."
            )
        if None in spec.shape[1:]:
            raise ValueError(
                f"{caller}: XLA compiles for known sizes, the batch alone may be None. Received: input {spec.name!r} of "
                f"shape {tuple(spec.shape)}. Give its height, width and so on in `input_shape`."
            )
    fixed = [tf.TensorSpec([s.shape[0] or 1, *s.shape[1:]], s.dtype, s.name) for s in named]
    return tf.nest.pack_sequence_as(given, named), tf.nest.pack_sequence_as(given, fixed)


def leaves(given, caller):
    """Shapes as specs, in the nesting that they were given in."""
    if isinstance(given, tf.TensorSpec):
        return given
    if isinstance(given, tf.TensorShape):
        given = tuple(given)
    if isinstance(given, dict) and given:
        return {name: leaves(value, caller) for name, value in given.items()}
    if isinstance(given, (list, tuple)) and given:
        if all(size is None or is_int(size) and size > 0 for size in given):
            return tf.TensorSpec(given, tf.float32)
        if all(isinstance(value, (list, tuple, dict, tf.TensorShape, tf.TensorSpec)) for value in given):
            return [leaves(value, caller) for value in given]
    raise ValueError(
        f"{caller}: `input_shape` must be a shape with the batch first, such as (32, 28, 28, 3), whose batch may be None; for "
        "several inputs a list or dict of shapes as the model takes them; tf.TensorSpec in place of a shape tells the dtype "
        f"too. Received: input_shape={given!r}."
    )


def matched(given, own, input_shape, caller):
    """The given specs with the nesting, names and dtypes of the model's own, if the shapes fit those."""
    flat_own, flat = tf.nest.flatten(own), tf.nest.flatten(given)
    if isinstance(own, dict) != isinstance(given, dict) and len(flat_own) == 1 == len(flat):
        given = tf.nest.pack_sequence_as(own, flat)
    same_keys = not isinstance(own, dict) or isinstance(given, dict) and sorted(own) == sorted(given)
    if not same_keys or len(flat_own) != len(flat) or not all(map(fits, flat, flat_own)):
        wanted = tf.nest.map_structure(lambda spec: tuple(spec.shape), own)
        raise ValueError(
            f"{caller}: `input_shape` does not fit the model's inputs. Expected sizes that agree with {wanted}, the batch "
            f"first. Received: input_shape={input_shape!r}."
        )
    specs = [tf.TensorSpec(g.shape, o.dtype, o.name) for g, o in zip(flat, flat_own)]
    return tf.nest.pack_sequence_as(own, specs)


def fits(given, own):
    return given.shape.rank == own.shape.rank and all(
        a in (b, None) or b is None for a, b in zip(given.shape, own.shape)
    )
