"""DOConv2D against its definition, channel by channel, and where it begins."""

import keras
import numpy as np
import pytest

from tfdynconv.blocks import DOConv2D
from tfdynconv.testing.case import redraw


def images(channels=6):
    return np.random.default_rng(0).normal(size=(2, 8, 7, channels))


def made(**given):
    layer = DOConv2D(12, 3, **{"padding": "same", "dtype": "float64", **given})
    layer.build((None, None, None, 6))
    return layer


def definition(layer):
    """`kernel[q, i, o] = sum_t D[q, t, channel of i for o] W[t, i, o]`, by loops."""
    w, d = layer.kernel.numpy(), layer.depthwise_kernel.numpy()
    depth, width, filters = w.shape
    kernel = np.zeros([9, width, filters])
    for o in range(filters):
        for i in range(width):
            channel = o // (filters // layer.groups) * width + i
            for q in range(9):
                for t in range(depth):
                    one = t % 9 == q and t < 9 * (depth // 9)
                    kernel[q, i, o] += (d[q, t, channel] + one) * w[t, i, o]
    return kernel.reshape(3, 3, width, filters)


@pytest.mark.parametrize("d_mul", [None, 12, 18])
@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_definition(groups, d_mul):
    layer, x = made(groups=groups, d_mul=d_mul), images()
    redraw(layer)
    np.testing.assert_allclose(layer.composed(), definition(layer), rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(layer.folded()["kernel"], definition(layer), rtol=1e-11, atol=1e-12)
    twin = keras.layers.Conv2D(12, 3, padding="same", groups=groups, dtype="float64")
    twin.build(x.shape)
    twin.set_weights([definition(layer), layer.bias.numpy()])
    np.testing.assert_allclose(layer(x), np.asarray(twin(x)), rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("groups", [1, 3])
def test_it_begins_as_the_convolution(groups):
    """The initializer draws W as it draws the kernel of a `Conv2D`: from the same range."""
    layer, x = made(groups=groups, dtype="float32"), images().astype("float32")
    twin = keras.layers.Conv2D(12, 3, padding="same", groups=groups)
    twin.build(x.shape)
    twin.set_weights([np.reshape(layer.kernel, twin.kernel.shape), np.zeros(12)])
    np.testing.assert_allclose(layer(x), np.asarray(twin(x)), rtol=1e-4, atol=1e-5)
    limit = np.sqrt(6 / (9 * 6 // groups + 9 * 12))
    assert 0.9 * limit < np.abs(layer.kernel).max() <= limit


def test_regularisers_are_apart():
    """That of W leaves D alone; that of D is nought at the beginning, where D is."""
    l2 = keras.regularizers.L2(1.0)
    of_kernel, of_depthwise = made(kernel_regularizer=l2), made(depthwise_regularizer=l2)
    np.testing.assert_allclose(sum(of_kernel.losses), np.sum(np.square(of_kernel.kernel)))
    assert float(sum(of_depthwise.losses)) == 0.0
    redraw(of_depthwise)
    np.testing.assert_allclose(sum(of_depthwise.losses), np.sum(np.square(of_depthwise.depthwise_kernel)))


def test_a_1x1_kernel_has_no_depthwise_one():
    layer = DOConv2D(4, 1)
    layer.build((None, 8, 8, 3))
    assert [tuple(w.shape) for w in layer.weights] == [(1, 3, 4), (4,)]
