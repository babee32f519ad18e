"""Reference arrays of published implementations, from `tests/golden`, and the way between their layout and ours."""

import dataclasses
import functools
import json
import pathlib

import numpy as np
import tensorflow as tf

from tests.modes import in_mode

ROOT = pathlib.Path(__file__).parent / "golden"
TOLERANCE = {"rtol": 1e-9, "atol": 1e-11}  # float64 on both sides; what differs is the order of additions


@dataclasses.dataclass(frozen=True, eq=False)
class Golden:
    """One case: `arrays` by name ("in/x", "grad_param/weight"), and `meta`, its entry in the family's index."""

    name: str
    meta: dict
    arrays: dict

    def __str__(self):
        return self.name

    def __getitem__(self, key):
        return self.arrays[key]

    @property
    def args(self):
        return self.meta["args"]

    def group(self, prefix):
        """The arrays under a prefix, without it: `group("param")` is a PyTorch state dict."""
        return {key[len(prefix) + 1 :]: a for key, a in self.arrays.items() if key.startswith(prefix + "/")}

    def expect(self, key, actual, **tolerance):
        np.testing.assert_allclose(actual, self[key], **{**TOLERANCE, **tolerance}, err_msg=f"{self.name}: {key}")

    def expect_gradients(self, gradients, **tolerance):
        """`gradients`, {"in/x": ours, ...}, are all those that the reference has for inputs and weights, and equal to them."""
        wanted = {key.removeprefix("grad_") for key in self.arrays if key.startswith(("grad_in/", "grad_param/"))}
        assert set(gradients) == wanted
        for key, gradient in gradients.items():
            self.expect(f"grad_{key}", gradient, **tolerance)


@functools.cache
def index(family):
    return json.loads((ROOT / family / "index.json").read_text(encoding="utf-8"))["cases"]


@functools.cache
def load(family, name):
    with np.load(ROOT / family / f"{name}.npz", allow_pickle=False) as file:
        return Golden(name, index(family)[name], dict(file))


def files(family, prefix=""):
    """Names of the cases, from the files themselves."""
    return sorted(path.stem for path in (ROOT / family).glob(f"{prefix}*.npz"))


def channels_last(array):
    return np.moveaxis(array, 1, -1)


def channels_first(array):
    return np.moveaxis(np.asarray(array), -1, 1)


def torch_bank(bank, shape):
    """`[n, *kernel_size, channels, filters]` -> `[n, filters, channels, *kernel_size]`, in the reference's shape."""
    rank = np.ndim(bank) - 3
    return np.transpose(bank, (0, rank + 2, rank + 1, *range(1, rank + 1))).reshape(shape)


def torch_depthwise_bank(bank, shape):
    """`[n, *kernel_size, channels, multiplier]` -> `[n, channels * multiplier, 1, *kernel_size]`, likewise."""
    rank = np.ndim(bank) - 3
    return np.transpose(bank, (0, rank + 1, rank + 2, *range(1, rank + 1))).reshape(shape)


def torch_dense(kernel, shape):
    """`[inputs, units]` -> `[units, inputs, 1...]`."""
    return np.transpose(kernel).reshape(shape)


def outputs_and_gradients(function, inputs, cotangent, watched, mode):
    """`function(*inputs)` in a mode, with an unknown batch where it is traced, and what `watched(inputs)` receives.

    The loss is `sum(outputs * cotangent)`, as in the reference.
    """

    def run(inputs, cotangent):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = function(*inputs)
            loss = tf.reduce_sum(outputs * cotangent)
        gradients = tape.gradient(loss, watched(inputs))
        assert all(g is not None for g in gradients), "no gradient arrives there"
        return outputs, gradients

    inputs, cotangent = [tf.constant(a) for a in inputs], tf.constant(cotangent)
    spec = [tf.TensorSpec([None, *a.shape[1:]], a.dtype) for a in (*inputs, cotangent)]
    outputs, gradients = in_mode(run, mode, [spec[:-1], spec[-1]])(inputs, cotangent)
    assert outputs.dtype == tf.float64
    return outputs.numpy(), [g.numpy() for g in gradients]
