"""How far the outputs of two models are apart."""

import contextlib

import keras
import numpy as np
import tensorflow as tf

BATCH = 32  # samples at a time
RANDOM, SIZE = 2, 32  # random samples, and their size where the model leaves it open


def differences(old, new, data=None):
    """`{"random": d}` and for `data` `{"data": d}`: the largest difference of an output over its largest value."""
    with unmoved(old), unmoved(new):
        found = {"random": difference(old, new, random_inputs(old))}
        if data is not None:
            found["data"] = difference(old, new, tf.nest.map_structure(np.asarray, data))
    return found


@contextlib.contextmanager
def unmoved(model):
    """Statistics and seeds are as before at the end: layers called with training=True move them at inference too."""
    variables = model.non_trainable_variables
    before = [np.array(variable) for variable in variables]
    yield
    for variable, value in zip(variables, before):
        if not np.array_equal(value, np.array(variable)):
            variable.assign(value)


def difference(old, new, inputs):
    total = min(len(array) for array in tf.nest.flatten(inputs))
    size = fixed_batch(old) or BATCH
    if not total or total % size and fixed_batch(old):
        raise ValueError(
            f"tfdynconv.surgery: `data` must have samples{f', a multiple of {size}' if fixed_batch(old) else ''}. "
            f"Received: {total} samples."
        )
    apart, largest = {}, {}
    for start in range(0, total, size):
        batch = tf.nest.map_structure(lambda array, start=start: tf.constant(array[start : start + size]), inputs)
        outputs = [tf.nest.flatten(model(batch, training=False)) for model in (old, new)]
        for i, pair in enumerate(zip(*outputs)):
            before, after = (np.asarray(tf.cast(value, tf.float64)) for value in pair)
            apart.setdefault(i, [0.0]).append(np.max(np.abs(after - before), initial=0.0))
            largest.setdefault(i, [0.0]).append(np.max(np.abs(before), initial=0.0))
    return float(np.max([np.max(apart[i]) / (np.max(largest[i]) or 1.0) for i in apart]))  # NaN if there is one


def symbolic_inputs(model):
    return model.inputs[0] if isinstance(model, keras.Sequential) else model.input


def fixed_batch(model):
    return next((x.shape[0] for x in model.inputs if x.shape[0] is not None), None)


def random_inputs(model, seed=0):
    """Floats: normal. Integers: 0 and 1, which hardly any model takes for out of range."""
    generator = np.random.default_rng(seed)

    def draw(x):
        first, *rest = x.shape
        shape, dtype = (first or RANDOM, *(n or SIZE for n in rest)), tf.as_dtype(x.dtype)
        if dtype == tf.string:
            return np.full(shape, "text")
        if dtype.is_floating:
            return generator.standard_normal(shape).astype(dtype.as_numpy_dtype)
        return generator.integers(0, 2, shape).astype(dtype.as_numpy_dtype)

    return tf.nest.map_structure(draw, symbolic_inputs(model))


def tolerance_of(model):
    """What is told apart from rounding, by the least precise layer of a model."""
    policies = {getattr(layer, "compute_dtype", "float32") for layer in model.layers}
    if "bfloat16" in policies:
        return 0.1
    return 0.02 if "float16" in policies else 1e-3


def check_same(difference, tolerance, caller):
    """Raise `ValueError` where the outputs of old and new model are further apart than allowed."""
    for name, value in difference.items():
        if not value <= tolerance:
            raise ValueError(
                f"{caller}: the outputs of the new model differ from the old one's by {value:.1e} of their largest value on "
                f"{name} inputs, more than tolerance={tolerance}. Weights of very different size, or statistics of a hardly "
                "trained normalisation, make rounding count: train on, or give a larger `tolerance` if that is good enough."
            )
