"""Real data, the digits, for models that are quantised, and what their files hold."""

import functools

import numpy as np
from sklearn.datasets import load_digits

import tfdynconv
from tests.export.phone import Phone


@functools.cache
def digits():
    """(images `[n, 8, 8, 1]` from 0 to 1, labels), in the order of scikit-learn."""
    data = load_digits()
    return (data.images[..., np.newaxis] / 16.0).astype("float32"), data.target


@functools.cache
def features(channels):
    """What a layer inside of a network meets: 3x3 patches of digits, projected at random, cut at zero."""
    images = digits()[0][:24]
    padded = np.pad(images[..., 0], [(0, 0), (1, 1), (1, 1)])
    patches = np.stack([padded[:, i : i + 8, j : j + 8] for i in range(3) for j in range(3)], -1)
    projection = np.random.default_rng(0).normal(0.1, 0.4, size=(9, channels))
    return np.maximum(patches @ projection, 0.0).astype("float32")


def constants(path):
    """[(dtype, shape)] of a file's constants: what no op computes and nobody gives."""
    interpreter = Phone(path).interpreter
    computed = {int(i) for op in interpreter._get_ops_details() for i in op["outputs"]}
    computed |= {detail["index"] for detail in interpreter.get_input_details()}
    return [
        (np.dtype(detail["dtype"]).name, tuple(int(n) for n in detail["shape"]))
        for detail in interpreter.get_tensor_details()
        if detail["index"] not in computed
    ]


def elements(found, *dtypes):
    return sum(int(np.prod(shape)) for dtype, shape in found if dtype in dtypes)


def at_its_end(model):
    """The model with all temperatures at their final value, so that nothing warns."""
    for layer in tfdynconv.layers.walk.walk(model):
        if hasattr(layer, "final_temperature"):
            layer.temperature.assign(layer.final_temperature)
    return model
