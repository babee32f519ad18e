"""Second derivatives, as a gradient penalty needs them, in every lowering.

The penalty is `P = |dL/dx|^2 + |dL/dk|^2` with `L = sum(y^3) / 3`. Its derivative along a random direction comes from the
NumPy definition by a complex step, exact to rounding.
"""

import numpy as np
import pytest
import tensorflow as tf

from tests.modes import in_mode
from tests.ops.cases import Case
from tests.ops.test_against_the_definition import LOWERINGS, OPS, refused

COMMON = {"batch": 2, "channels": 2, "filters": 2, "groups": 1, "strides": 1, "dilations": 1, "padding": "same"}
COMMON |= {
    "kind": "conv",
    "data_format": "channels_last",
    "dtype": "float64",
    "known_batch": False,
    "known_size": False,
}
REQUESTS = {
    "1d_stride": {"size": (8,), "kernel_size": (3,), "strides": 2},
    "1d_causal_dilated_groups": {"size": (9,), "kernel_size": (2,), "padding": "causal", "dilations": 3, "groups": 2},
    "2d": {"size": (4, 5), "kernel_size": (3, 2)},
    "2d_pointwise": {"size": (4, 3), "kernel_size": (1, 1), "padding": "valid"},
    "2d_unequal_strides": {"size": (6, 7), "kernel_size": (3, 3), "strides": (1, 2), "padding": 1},
    "2d_stride_above_kernel": {"size": (7, 7), "kernel_size": (2, 1), "strides": 3, "padding": "valid"},
    "2d_dilated": {"size": (6, 5), "kernel_size": (3, 2), "dilations": (2, 3)},
    "2d_groups_stride_uneven_padding": {
        "size": (5, 6),
        "kernel_size": (2, 3),
        "strides": 2,
        "groups": 2,
        "padding": ((2, 0), (1, 3)),
    },
    "2d_groups_dilated_channels_first": {
        "size": (5, 5),
        "kernel_size": (2, 2),
        "dilations": 2,
        "groups": 3,
        "data_format": "channels_first",
    },
    "3d_stride": {"size": (3, 4, 3), "kernel_size": (2, 2, 2), "strides": (2, 1, 2)},
    "3d_dilated": {"size": (4, 3, 4), "kernel_size": (2, 2, 2), "dilations": 2},
    "3d_groups": {"size": (3, 3, 2), "kernel_size": (2, 1, 2), "groups": 2},
    "depthwise_stride": {"kind": "depthwise", "size": (5, 6), "kernel_size": (3, 2), "strides": 2},
    "depthwise_dilated": {"kind": "depthwise", "size": (5, 6), "kernel_size": (3, 2), "dilations": (1, 2)},
}
CASES = {name: Case(seed=seed, **{**COMMON, **request}) for seed, (name, request) in enumerate(REQUESTS.items())}
DEAR = ("1d_causal_dilated_groups", "2d_groups_stride_uneven_padding", "2d_dilated", "3d_stride", "depthwise_stride")


def penalty(oracle, x, k):
    y = oracle.forward(x, k)
    return np.sum(oracle.input_grad(y**2, k) ** 2) + np.sum(oracle.kernel_grad(x, y**2) ** 2)


def slopes(case, x, k, directions):
    """dP along each direction of x, then of k."""
    oracle, step = case.oracle(), 1e-30
    along_x = penalty(oracle, x + 1j * step * directions[0], k)
    along_k = penalty(oracle, x, k + 1j * step * directions[1])
    return np.array([along_x.imag, along_k.imag]) / step


def gradients_of_penalty(case, lowering, mode, x, k):
    def step(x, k):
        with tf.GradientTape() as outer:
            outer.watch([x, k])
            with tf.GradientTape() as inner:
                inner.watch([x, k])
                loss = tf.reduce_sum(OPS[case.kind](x, k, lowering=lowering, **case.arguments()) ** 3) / 3
            value = sum(tf.reduce_sum(grad**2) for grad in inner.gradient(loss, [x, k]))
        return outer.gradient(value, [x, k])

    tensors = [case.tensor(values) for values in (x, k)]
    return [case.array(grad) for grad in in_mode(step, mode, case.specs(*tensors))(*tensors)]


def check(case, lowering, mode):
    x, k, _ = case.numbers()
    generator = np.random.default_rng(case.seed)
    directions = generator.normal(size=x.shape), generator.normal(size=k.shape)
    grads = gradients_of_penalty(case, lowering, mode, x, k)
    along = [np.sum(grad * direction) for grad, direction in zip(grads, directions)]
    np.testing.assert_allclose(along, slopes(case, x, k, directions), rtol=1e-9)


def sampled(*names):
    """All cases, those not named in the long sweeps alone: tracing and compiling take the time."""
    return [pytest.param(c, id=name, marks=[] if name in names else pytest.mark.slow) for name, c in CASES.items()]


@pytest.mark.parametrize("lowering", ["auto", "loop", "grouped", "matmul"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_eager(case, lowering):
    if refused(case, lowering, "eager"):
        with pytest.raises(ValueError, match="cannot be used here"):
            check(case, lowering, "eager")
        return
    check(case, lowering, "eager")


@pytest.mark.parametrize("case", sampled("1d_stride", "2d_groups_dilated_channels_first"))
def test_eager_vectorized(case):
    check(case, "vectorized", "eager")


@pytest.mark.parametrize("case", sampled(*DEAR))
def test_in_a_graph_that_chooses_by_device(case):
    check(case, "auto", "graph")


@pytest.mark.parametrize("case", sampled("2d_unequal_strides", "depthwise_stride"))
def test_unrolled_in_a_graph(case):
    check(case, "unrolled", "graph")


@pytest.mark.parametrize("lowering", LOWERINGS)
@pytest.mark.parametrize("case", sampled("2d_groups_stride_uneven_padding", "3d_stride", "depthwise_stride"))
def test_compiled(case, lowering):
    check(case, lowering, "jit")


@pytest.mark.parametrize("lowering", LOWERINGS)
def test_equals_the_derivatives_of_tensorflow(lowering):
    """The same penalty from TensorFlow's registered gradients of one convolution a sample."""
    case = CASES["2d"]
    tensors = [case.tensor(values) for values in case.numbers()[:2]]
    with tf.GradientTape() as outer:
        outer.watch(tensors)
        with tf.GradientTape() as inner:
            inner.watch(tensors)
            x, k = tensors
            y = tf.concat([tf.nn.conv2d(x[b : b + 1], k[b], 1, "SAME") for b in range(case.batch)], 0)
            loss = tf.reduce_sum(y**3) / 3
        value = sum(tf.reduce_sum(grad**2) for grad in inner.gradient(loss, tensors))
    for ours, theirs in zip(gradients_of_penalty(case, lowering, "eager", *tensors), outer.gradient(value, tensors)):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)
