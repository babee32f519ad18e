"""DRConv2D: its own guide and a shared one, generators, published counts, and bad arguments."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdynconv import DRConv2D
from tfdynconv.layers.region_generators import adaptive_mean
from tfdynconv.ops import region_conv


def images(batch=2, size=(6, 5), channels=4):
    return np.random.default_rng(0).normal(size=(batch, *size, channels)).astype("float32")


def test_it_is_region_conv_of_its_parts():
    layer, x = DRConv2D(6, 3, padding="same", num_regions=3), images()
    y = layer(x)
    wanted = region_conv(x, layer.generator(x), layer.guide(x), padding="same") + layer.bias
    np.testing.assert_allclose(y, wanted, rtol=1e-5, atol=1e-6)


def test_one_guide_for_two_layers():
    x = keras.Input([6, 5, 4])
    guide = keras.layers.Conv2D(3, 1, use_bias=False)(x)
    y = DRConv2D(6, 1, num_regions=3, generator="basis", guide=None)(x, guide)
    y = DRConv2D(6, 3, strides=2, padding="same", num_regions=3, generator="basis", guide=None)(y, guide)
    model = keras.Model(x, y)
    assert model(images()).shape == (2, 3, 3, 6)
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(images(), np.ones((2, 3, 3, 6), "float32"), verbose=0)
    assert all(np.any(a != b) for a, b in zip(before, model.get_weights()))


@pytest.mark.parametrize("size, k", [((7, 5), 3), ((8, 8), 4), ((2, 3), 3), ((5, 4), 1)])
def test_adaptive_mean(size, k):
    """Bin i covers rows `floor(i n / k)` to `ceil((i + 1) n / k) - 1`, known size or not."""
    x = images(size=size)
    wanted = np.zeros((2, k, k, 4))
    for i in range(k):
        for j in range(k):
            rows, columns = (slice(a * n // k, -(-(a + 1) * n // k)) for a, n in zip((i, j), size))
            wanted[:, i, j] = x[:, rows, columns].mean((1, 2))
    run = tf.function(
        lambda x: adaptive_mean(x, (k, k), "channels_last"),
        input_signature=[tf.TensorSpec([None, None, None, 4])],
        autograph=False,
    )
    np.testing.assert_allclose(adaptive_mean(tf.constant(x), (k, k), "channels_last"), wanted, atol=1e-6)
    np.testing.assert_allclose(run(x), wanted, atol=1e-6)


def test_parameters_are_the_published_ones():
    layer = DRConv2D(24, 3, num_regions=8, padding="same", use_bias=False)
    layer.build((None, 8, 8, 16))
    built = sum(int(np.prod(w.shape)) for w in layer.trainable_weights)
    assert layer.cost((None, 8, 8, 16))[0] == built == 29_896


@pytest.mark.parametrize("generator", ["pooled", "basis"])
def test_multiply_adds(generator):
    m, q, w = 3, 2, 9 * 4 * 6
    layer = DRConv2D(6, 3, padding="same", num_regions=m, generator=generator, num_basis=q)
    made = 9 * 4 * m * m + m * m * w if generator == "pooled" else m * q * w + 4 * m * q
    assert layer.cost((None, 6, 5, 4))[1] == 30 * (w + 9 * 4 * m) + made


def test_beta_zero_leaves_the_guide_alone():
    layer, x = DRConv2D(6, 3, num_regions=3, beta=0), tf.constant(images())
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x) ** 2)
    gradients = tape.gradient(loss, [w if hasattr(w, "read_value") else w.value for w in layer.guide.trainable_weights])
    assert all(not np.any(g) for g in gradients)


BAD = [
    (lambda: DRConv2D(6, 3, num_regions=0), "`num_regions` must be a positive int. Received: num_regions=0"),
    (lambda: DRConv2D(6, 3, num_basis=0), "`num_basis` must be a positive int"),
    (lambda: DRConv2D(6, 3, generator="paper"), "`generator` must be 'pooled' or 'basis'. Received: generator='paper'"),
    (lambda: DRConv2D(6, 3, beta=-1), "`beta` must be a number, at least 0. Received: beta=-1"),
    (
        lambda: DRConv2D(6, 3, lowering="loop"),
        "`lowering` must be one of auto, routed, dense. Received: lowering='loop'",
    ),
    (lambda: DRConv2D(6, 3, guide="edges"), "`guide` must be 'conv', None or a Keras layer. Received: guide='edges'"),
    (lambda: DRConv2D(6, 3, guide_kernel_size=0), "`guide_kernel_size` must be a positive int or 2 of them"),
    (lambda: DRConv2D(6, 3, guide=None)(images()), r"needs the guide of the call: layer\(x, guide\)"),
]


@pytest.mark.parametrize("make, message", BAD, ids=[message[:30] for _, message in BAD])
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=f"DRConv2D '.*': .*{message}"):
        make()


def test_a_guide_of_another_number_of_regions():
    with pytest.raises(ValueError, match="a guide with one logit for each of the 3 regions"):
        DRConv2D(6, 3, num_regions=3, guide=None)(images(), np.zeros([2, 4, 3, 2], "float32"))
