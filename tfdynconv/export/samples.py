"""Inputs on which a model and its export are compared: random ones, or the user's."""

import itertools

import numpy as np
import tensorflow as tf

from tfdynconv.export.signature import unique_names

RANDOM, FEWEST, MOST = 7, 8, 16


def inputs_to_compare(specs, data=None, most=MOST):
    """A list of inputs, each a nest of arrays as `specs` say: the first from `data`, else random ones and zeros."""
    if data is None:
        return [*random_inputs(specs), tf.nest.map_structure(zeros, specs)]
    return filled_up([tf.nest.map_structure(fitted, specs, batch) for batch in batches(data, specs, most)])


def filled_up(inputs):
    """At least `FEWEST` inputs: the user's, and those again with smaller floats, which leave no range around zero."""
    own = len(inputs)
    if not any(a.dtype.kind == "f" and a.any() for nest in inputs for a in tf.nest.flatten(nest)):
        return inputs  # nothing is known of what else these integers may be
    for i in range(own, FEWEST):
        factor = 1 - i / (2 * FEWEST)
        inputs.append(tf.nest.map_structure(lambda a, f=factor: scaled(a, f), inputs[i % own]))
    return inputs


def scaled(array, factor):
    return (factor * array).astype(array.dtype) if array.dtype.kind == "f" else array


def random_inputs(specs, seed=0):
    """Floats: normal. Integers: 0 and 1, which hardly any model takes for out of range."""
    generator = np.random.default_rng(seed)

    def draw(spec):
        shape, dtype = tuple(spec.shape), spec.dtype
        if dtype.is_floating:
            return generator.standard_normal(shape).astype(dtype.as_numpy_dtype)
        if dtype.is_integer or dtype.is_bool:
            return generator.integers(0, 2, shape).astype(dtype.as_numpy_dtype)
        raise ValueError(
            f"to_tflite: inputs must be floats, integers or bools. Received: input {spec.name!r} of dtype {dtype.name}. "
            "Export the part of the model behind its text or other preprocessing."
        )

    return [tf.nest.map_structure(draw, specs) for _ in range(RANDOM)]


def zeros(spec):
    return np.zeros(spec.shape, spec.dtype.as_numpy_dtype)


def first_example(data, count):
    """(the first batch, all the data again) of what the user gave as representative data."""
    if data is None or is_whole(data, count):
        return data, data
    try:
        iterator = iter(data)
    except TypeError as error:
        raise ValueError(
            "to_tflite: representative_data must be an array, a list or dict of arrays, or an iterable of batches. "
            f"Received: {type(data).__name__}."
        ) from error
    first = next(iterator, None)
    if first is None:
        raise ValueError("to_tflite: representative_data is empty. Give at least one batch.")
    return inputs_of(first, count), itertools.chain([first], iterator)


def is_array(value):
    return hasattr(value, "shape") and hasattr(value, "dtype")


def is_whole(data, count):
    """Whether the data are the arrays of all inputs, not an iterable of batches."""
    if is_array(data) or isinstance(data, dict):
        return True
    return count > 1 and isinstance(data, (list, tuple)) and len(data) == count and all(map(is_array, data))


def inputs_of(element, count):
    """The inputs of one batch of an iterable, which may be (inputs, labels) or more, as for `model.fit`."""
    if isinstance(element, tuple) and element and (count == 1 or not is_whole(element, count)):
        return element[0]
    return element


def batches(data, specs, most):
    """At most `most` batches of the exported size, the last filled up from its own start."""
    count = len(tf.nest.flatten(specs))
    size = tf.nest.flatten(specs)[0].shape[0]
    elements = [data] if is_whole(data, count) else (inputs_of(element, count) for element in data)
    found = []
    for element in elements:
        arrays = matched(element, specs)
        total = min(len(array) for array in tf.nest.flatten(arrays))
        for start in range(0, total, size):
            rows = np.arange(start, start + size)
            rows[rows >= total] %= total
            found.append(tf.nest.map_structure(lambda array, rows=rows: array[rows], arrays))
            if len(found) == most:
                return found
    if not found:
        raise ValueError("to_tflite: representative_data is empty. Give at least one batch.")
    return found


def matched(element, specs):
    """The arrays of an element, nested as the specs; a single sample gets its batch axis."""
    flat = tf.nest.flatten(specs)
    values = values_by_name(element, specs) if isinstance(element, dict) else tf.nest.flatten(element)
    if len(values) != len(flat):
        raise ValueError(
            f"to_tflite: representative_data must give {len(flat)} arrays a batch, nested as the model's inputs. "
            f"Received: {len(values)}."
        )
    arrays = [np.asarray(value) for value in values]
    arrays = [array[np.newaxis] if array.ndim == spec.shape.rank - 1 else array for array, spec in zip(arrays, flat)]
    for array, spec in zip(arrays, flat):
        if array.ndim != spec.shape.rank or array.shape[1:] != tuple(spec.shape[1:]) or not len(array):
            raise ValueError(
                f"to_tflite: representative_data does not fit input {spec.name!r}. Expected batches of shape "
                f"{(None, *spec.shape[1:])}. Received: shape {array.shape}."
            )
    return tf.nest.pack_sequence_as(specs, arrays)


def values_by_name(element, specs):
    """The values of a dict in the order of the inputs; those of models without a dict go by their own names, as in Keras."""
    if not isinstance(specs, dict) and len(tf.nest.flatten(specs)) == len(element) == 1:
        return list(element.values())
    named = isinstance(specs, dict)
    names = sorted(specs) if named else [spec.name for spec in tf.nest.flatten(specs)]
    values = {key if named else unique_names([key])[0]: value for key, value in element.items()}
    if not set(names) <= set(values):
        raise ValueError(
            f"to_tflite: a dict of representative_data must have the keys {sorted(names)}. Received: {sorted(element)}."
        )
    return [values[name] for name in names]


def fitted(spec, array):
    wanted = spec.dtype.as_numpy_dtype
    if not np.can_cast(array.dtype, wanted, "same_kind"):
        raise ValueError(
            f"to_tflite: representative_data does not fit input {spec.name!r}. Expected values of dtype {spec.dtype.name}. "
            f"Received: {array.dtype}."
        )
    return array.astype(wanted)
