"""The transposed per-sample convolution is, sample by sample, what Keras' transposed layers compute."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.modes import in_mode
from tfdynconv.ops import per_sample_conv_transpose

LAYERS = {1: keras.layers.Conv1DTranspose, 2: keras.layers.Conv2DTranspose, 3: keras.layers.Conv3DTranspose}
SIZES = {1: (6,), 2: (5, 4), 3: (3, 4, 2)}
REQUESTS = [
    (1, {"strides": 2, "padding": "same"}),
    (1, {"strides": 3, "padding": "valid", "kernel": 2}),
    (2, {}),
    (2, {"strides": 2, "padding": "same"}),
    (2, {"strides": (1, 3), "padding": "valid"}),
    (2, {"strides": 2, "padding": "same", "output_padding": 1}),
    (2, {"strides": 3, "padding": "valid", "output_padding": (0, 2)}),
    (2, {"dilations": 2, "padding": "valid"}),
    (2, {"kernel": 1, "strides": 2, "padding": "valid"}),
    (3, {"strides": 2, "padding": "same"}),
    (3, {"padding": "valid"}),
]


def by_keras(rank, x, k, kernel=3, dilations=1, **arguments):
    """One Keras layer a sample."""
    outputs = []
    for sample, weights in zip(x, k):
        layer = LAYERS[rank](4, kernel, dilation_rate=dilations, use_bias=False, dtype="float64", **arguments)
        layer.build((None, *sample.shape))
        layer.set_weights([weights])
        # dilated ones run on a CPU under XLA alone
        run = tf.function(layer.call, jit_compile=True, autograph=False) if dilations > 1 else layer
        outputs.append(run(tf.constant(sample[np.newaxis]))[0])
    return tf.stack(outputs)


@pytest.mark.parametrize("lowering", ["auto", "matmul"])
@pytest.mark.parametrize("rank, request_", REQUESTS, ids=[f"{rank}d-{request}" for rank, request in REQUESTS])
def test_as_keras(rank, request_, lowering, mode):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(3, *SIZES[rank], 2))
    k = generator.normal(size=(3, *[request_.get("kernel", 3)] * rank, 4, 2))
    arguments = {name: value for name, value in request_.items() if name != "kernel"}
    specs = [tf.TensorSpec([None, *SIZES[rank], 2], tf.float64), tf.TensorSpec([None, *k.shape[1:]], tf.float64)]

    def run(x, k):
        return per_sample_conv_transpose(x, k, lowering=lowering, **arguments)

    outputs = in_mode(run, mode, specs)(tf.constant(x), tf.constant(k))
    np.testing.assert_allclose(outputs, by_keras(rank, x, k, **request_), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("rank, request_", REQUESTS[:1] + REQUESTS[3:4] + REQUESTS[6:8] + REQUESTS[9:10], ids=str)
def test_gradients_are_its_adjoints(rank, request_, mode):
    """For a function linear in x and in k, `<f(u, k), r> = <u, df*/dx r>` for every u, and likewise for k."""
    generator = np.random.default_rng(1)
    arguments = {name: value for name, value in request_.items() if name != "kernel"}
    kernel = (2, *[request_.get("kernel", 3)] * rank, 4, 2)
    x, u = (tf.constant(generator.normal(size=(2, *SIZES[rank], 2))) for _ in range(2))
    k, v = (tf.constant(generator.normal(size=kernel)) for _ in range(2))

    def f(x, k):
        return per_sample_conv_transpose(x, k, **arguments)

    def gradients(x, k, r):
        with tf.GradientTape() as tape:
            tape.watch([x, k])
            y = f(x, k)
        return tape.gradient(y, [x, k], output_gradients=r)

    r = tf.constant(generator.normal(size=f(x, k).shape))
    x_grad, k_grad = in_mode(gradients, mode)(x, k, r)
    np.testing.assert_allclose(tf.reduce_sum(f(u, k) * r), tf.reduce_sum(u * x_grad), rtol=1e-10)
    np.testing.assert_allclose(tf.reduce_sum(f(x, v) * r), tf.reduce_sum(v * k_grad), rtol=1e-10)


def test_channels_first():
    generator = np.random.default_rng(2)
    x, k = tf.constant(generator.normal(size=(2, 5, 4, 2))), tf.constant(generator.normal(size=(2, 3, 3, 4, 2)))
    last = per_sample_conv_transpose(x, k, strides=2)
    first = per_sample_conv_transpose(tf.transpose(x, [0, 3, 1, 2]), k, strides=2, data_format="channels_first")
    np.testing.assert_allclose(tf.transpose(first, [0, 2, 3, 1]), last, rtol=1e-12)


def test_unknown_sizes():
    generator = np.random.default_rng(3)
    x, k = tf.constant(generator.normal(size=(2, 5, 4, 2))), tf.constant(generator.normal(size=(2, 3, 3, 4, 2)))
    specs = [tf.TensorSpec([None, None, None, 2], tf.float64), tf.TensorSpec([None, 3, 3, 4, 2], tf.float64)]
    run = tf.function(lambda x, k: per_sample_conv_transpose(x, k, strides=2), input_signature=specs, autograph=False)
    np.testing.assert_allclose(run(x, k), per_sample_conv_transpose(x, k, strides=2), rtol=1e-12)
