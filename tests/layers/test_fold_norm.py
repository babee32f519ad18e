"""Batch normalisation folded into kernel and bias, against the two layers in a row."""

import keras
import numpy as np
import pytest

from tfdynconv.layers.fold_norm import fold_norm

RANDOM = np.random.default_rng(0)


def norm_of(channels, **arguments):
    """With statistics that are nowhere 0 or 1, in float64."""
    norm = keras.layers.BatchNormalization(**arguments, dtype="float64")
    norm.build((None, None, None, channels))
    norm.set_weights([RANDOM.uniform(0.2, 2.0, size=tuple(w.shape)) for w in norm.weights])
    return norm


def both(conv, norm, folded, depthwise=False):
    """(in a row, folded), where `folded` is a twin of `conv` with a bias."""
    x = RANDOM.normal(size=(2, 6, 5, 4))
    conv.build(x.shape)
    folded.build(x.shape)
    conv.set_weights([RANDOM.normal(size=w.shape) for w in conv.get_weights()])
    kernel, *bias = conv.get_weights()
    folded.set_weights(fold_norm(kernel, bias[0] if bias else None, norm, depthwise))
    return norm(conv(x), training=False), folded(x)


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize(
    "arguments", [{}, {"scale": False}, {"center": False}, {"scale": False, "center": False, "epsilon": 1e-5}], ids=str
)
def test_a_convolution(arguments, use_bias):
    conv = keras.layers.Conv2D(6, 3, groups=2, use_bias=use_bias, dtype="float64")
    expected, received = both(conv, norm_of(6, **arguments), keras.layers.Conv2D(6, 3, groups=2, dtype="float64"))
    np.testing.assert_allclose(received, expected, rtol=1e-12, atol=1e-12)


def test_a_depthwise_convolution_with_a_multiplier():
    conv = keras.layers.DepthwiseConv2D(3, depth_multiplier=3, dtype="float64")
    twin = keras.layers.DepthwiseConv2D(3, depth_multiplier=3, dtype="float64")
    expected, received = both(conv, norm_of(12), twin, depthwise=True)
    np.testing.assert_allclose(received, expected, rtol=1e-12, atol=1e-12)


def test_a_bank_and_its_shift():
    """Every kernel of a bank is scaled; the mixture of the scaled ones and the shift beside it are what is normalised."""
    norm, bank = norm_of(5), RANDOM.normal(size=(3, 1, 1, 4, 5))
    coefficients, x = RANDOM.uniform(size=3), RANDOM.normal(size=(2, 1, 1, 4))
    scaled, shift = fold_norm(bank, None, norm)
    expected = norm(np.einsum("n,bijc,nijcf->bijf", coefficients, x, bank), training=False)
    received = np.einsum("n,bijc,nijcf->bijf", coefficients, x, scaled) + shift
    np.testing.assert_allclose(received, expected, rtol=1e-12)


def test_it_computes_in_float64():
    """Weights of float32 are rounded once, by whoever stores the result."""
    norm = norm_of(4)
    kernel, bias = fold_norm(np.ones([1, 1, 2, 4], "float32"), np.ones([4], "float32"), norm)
    assert kernel.dtype == bias.dtype == np.float64
    gamma, beta, mean, variance = norm.get_weights()
    scale = gamma / np.sqrt(variance + 1e-3)
    np.testing.assert_allclose(kernel[0, 0], [scale, scale], rtol=1e-15)
    np.testing.assert_allclose(bias, scale * (1 - mean) + beta, rtol=1e-14)


def test_bad_arguments():
    with pytest.raises(ValueError, match="'early': it has no statistics to fold yet. Build it"):
        fold_norm(np.ones([1, 1, 2, 4]), None, keras.layers.BatchNormalization(name="early"))
    with pytest.raises(ValueError, match=r"fold_norm: '.*' must be over .* 4 channels, .* \(1, 1, 4, 2\) \(2 output"):
        fold_norm(np.ones([1, 1, 4, 2]), None, norm_of(4))
