"""Networks with weights that hide nothing, and a look at whether an operation left its model alone."""

import contextlib

import keras
import numpy as np
import tensorflow as tf

from tfdynconv.layers.walk import walk


def alive(model, seed=0):
    """The model with scales, shifts and statistics of batch normalisation as after training on such inputs."""
    random = np.random.default_rng(seed)
    norms = [layer for layer in walk(model) if isinstance(layer, keras.layers.BatchNormalization)]
    for layer in walk(model):
        bias = getattr(layer, "bias", None)
        if bias is not None and not isinstance(bias, (bool, str)):
            bias.assign(random.normal(scale=0.3, size=tuple(bias.shape)))
    for norm in norms:
        if norm.scale:
            norm.gamma.assign(random.uniform(0.6, 1.4, size=tuple(norm.gamma.shape)))
        if norm.center:
            norm.beta.assign(random.normal(scale=0.3, size=tuple(norm.beta.shape)))
        norm.momentum = 0.0
    model(inputs_of(model, 8), training=True)
    for norm in norms:
        norm.momentum = 0.99
    return model


def inputs_of(model, batch=4, seed=1):
    """Random inputs, nested as the model takes them."""
    random = np.random.default_rng(seed)

    def draw(x):
        shape = (x.shape[0] or batch, *(n or 12 for n in x.shape[1:]))
        if tf.as_dtype(x.dtype).is_floating:
            return tf.constant(random.normal(size=shape), x.dtype)
        return tf.constant(random.integers(0, 2, size=shape), x.dtype)

    structure = model.inputs[0] if isinstance(model, keras.Sequential) else model.input
    return tf.nest.map_structure(draw, structure)


def outputs_of(model, inputs=None):
    outputs = model(inputs_of(model) if inputs is None else inputs, training=False)
    return [np.asarray(tf.cast(value, tf.float64)) for value in tf.nest.flatten(outputs)]


def assert_same(old, new, tolerance=1e-5):
    """Outputs agree, relative to their largest value."""
    x = inputs_of(old)
    before, after = outputs_of(old, x), outputs_of(new, x)
    assert len(before) == len(after)
    for a, b in zip(before, after):
        assert a.shape == b.shape
        assert np.ptp(a) > 0, "an output that is the same everywhere shows nothing"
        assert np.max(np.abs(a - b)) <= tolerance * np.max(np.abs(a))


@contextlib.contextmanager
def untouched(model):
    """Weights, config, flags and calls of the model are the same afterwards, and no layer of it has a new caller."""

    def state():
        layers = list(walk(model))
        return (
            [(layer.name, layer.trainable, "call" in vars(layer)) for layer in layers],
            model.get_config(),
            [np.array(weight) for weight in model.get_weights()],
        )

    flags, config, weights = state()
    yield
    flags_after, config_after, weights_after = state()
    assert flags == flags_after and config == config_after
    assert all(map(np.array_equal, weights, weights_after))


def shares_nothing(old, new):
    """The new model has no layer and no variable of the old one."""
    layers = {id(layer) for layer in walk(old)} & {id(layer) for layer in walk(new)}
    variables = {id(weight) for weight in old.weights} & {id(weight) for weight in new.weights}
    return not layers and not variables


quiet = {"print_fn": lambda text: None}
