"""Batch normalisation at inference, folded into the convolution before it."""

import math

import numpy as np


def scale_and_shift(norm):
    """`(s, t)`, each `[channels]` in float64, with `norm(u) = s u + t` at inference.

    Args:
        norm: a built `keras.layers.BatchNormalization`, with or without `scale` and `center`.
    """
    if not norm.built:
        raise ValueError(f"{norm.name!r}: it has no statistics to fold yet. Build it, or call its model once.")
    mean, variance = np.float64(norm.moving_mean), np.float64(norm.moving_variance)
    gamma = np.float64(norm.gamma) if norm.scale else np.ones_like(mean)
    beta = np.float64(norm.beta) if norm.center else np.zeros_like(mean)
    scale = gamma / np.sqrt(variance + norm.epsilon)
    return scale, beta - scale * mean


def fold_norm(kernel, bias, norm, depthwise=False):
    """`(kernel, bias)` of the one convolution that is a convolution and then `norm`: `s K` and `s b + t`.

    Args:
        kernel: `[..., filters]`; with `depthwise`, `[..., channels, multiplier]`, whose output channels are
            channel by channel. Further axes may stand before: a bank of kernels has all of them scaled.
        bias: `[..., filters]`, or None for none.
        norm: a built `keras.layers.BatchNormalization` over the output channels.

    Returns:
        Arrays in float64, whatever came in: whoever stores them rounds, once. For a mixture of kernels whose coefficients do
        not sum to 1 the shift has no place in the bank: give `bias=None`, and `bias` is t, to stand beside the mixture.

    Raises:
        ValueError: `norm` is not built, or is over another number of channels.

    >>> import keras, numpy as np
    >>> norm = keras.layers.BatchNormalization(epsilon=0.0)
    >>> norm.build((None, None, None, 2))
    >>> norm.set_weights([np.array(v) for v in ([2.0, 3.0], [0.0, 1.0], [5.0, 0.0], [4.0, 1.0])])
    >>> kernel, bias = fold_norm(np.ones([1, 1, 1, 2]), None, norm)
    >>> kernel.ravel().tolist(), bias.tolist()
    ([1.0, 3.0], [-5.0, 1.0])
    """
    scale, shift = scale_and_shift(norm)
    shape = np.shape(kernel)[-2:] if depthwise else np.shape(kernel)[-1:]
    if math.prod(shape) != scale.size:
        raise ValueError(
            f"fold_norm: {norm.name!r} must be over the convolution's output channels. Received: {scale.size} channels, "
            f"a kernel of shape {np.shape(kernel)} ({math.prod(shape)} output channels), depthwise={depthwise}."
        )
    kernel = np.asarray(kernel, "float64") * scale.reshape(shape)
    return kernel, shift if bias is None else np.asarray(bias, "float64") * scale + shift
