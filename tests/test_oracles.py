"""The NumPy definition that the other tests trust agrees with TensorFlow's own convolution, where TensorFlow has one."""

import numpy as np
import pytest
import tensorflow as tf

from tests.oracles import Convolution, DepthwiseConvolution

CASES = {
    "1d": ((7,), (3,), {"padding": "valid"}),
    "1d_stride": ((8,), (4,), {"strides": (3,), "padding": "same"}),
    "2d_same_even_kernel": ((5, 6), (2, 4), {"padding": "same"}),
    "2d_stride": ((7, 8), (3, 2), {"strides": (2, 2), "padding": "same"}),
    "2d_dilated": ((9, 8), (3, 2), {"dilations": (2, 3), "padding": "same"}),
    "2d_groups": ((5, 6), (3, 3), {"padding": "same", "groups": 2}),
    "3d_stride": ((5, 4, 6), (2, 3, 2), {"strides": (2, 1, 2), "padding": "same"}),
}


def reference(x, k, strides, dilations, padding):
    """TensorFlow's convolution, compiled: on a CPU only XLA has the gradients of all these."""

    @tf.function(jit_compile=True)
    def run(x, k):
        return tf.stack(
            [tf.nn.convolution(x[b : b + 1], k[b], strides, padding.upper(), dilations=dilations)[0] for b in range(2)]
        )

    return run(x, k)


def check(oracle, run, x, k):
    with tf.GradientTape() as tape:
        tape.watch([x, k])
        y = run(x, k)
    r = np.random.default_rng(1).normal(size=y.shape)
    grad_x, grad_k = tape.gradient(y, [x, k], output_gradients=tf.constant(r))
    np.testing.assert_allclose(oracle.forward(x.numpy(), k.numpy()), y, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(oracle.input_grad(r, k.numpy()), grad_x, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(oracle.kernel_grad(x.numpy(), r), grad_k, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("size, kernel_size, window", CASES.values(), ids=CASES)
def test_convolution(size, kernel_size, window):
    generator = np.random.default_rng(0)
    groups, rank = window.get("groups", 1), len(size)
    x = tf.constant(generator.normal(size=[2, *size, 2 * groups]))
    k = tf.constant(generator.normal(size=[2, *kernel_size, 2, 3 * groups]))
    strides, dilations = window.get("strides", (1,) * rank), window.get("dilations", (1,) * rank)
    check(
        Convolution(size, kernel_size, **window),
        lambda x, k: reference(x, k, strides, dilations, window["padding"]),
        x,
        k,
    )


def test_depthwise_convolution():
    generator = np.random.default_rng(0)
    x, k = tf.constant(generator.normal(size=[2, 6, 7, 3])), tf.constant(generator.normal(size=[2, 3, 2, 3, 2]))

    def run(x, k):
        return tf.concat([tf.nn.depthwise_conv2d(x[b : b + 1], k[b], [1, 2, 2, 1], "SAME") for b in range(2)], 0)

    check(DepthwiseConvolution((6, 7), (3, 2), 3, strides=(2, 2), padding="same"), run, x, k)


def test_causal_and_explicit_padding_are_zeros_before_a_valid_convolution():
    generator = np.random.default_rng(0)
    x, k = generator.normal(size=[2, 6, 3]), generator.normal(size=[2, 3, 3, 4])
    plain = Convolution((10,), (3,), dilations=(2,)).forward(np.pad(x, [(0, 0), (4, 0), (0, 0)]), k)
    assert np.array_equal(Convolution((6,), (3,), dilations=(2,), padding="causal").forward(x, k), plain)
    assert np.array_equal(Convolution((6,), (3,), dilations=(2,), padding=((4, 0),)).forward(x, k), plain)
