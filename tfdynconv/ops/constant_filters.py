"""Mixtures from convolutions with stored filters alone: what is computed for a sample are factors of feature maps."""

import functools

import tensorflow as tf

from tfdynconv.ops.geometry import ConvGeometry
from tfdynconv.ops.lowerings import depthwise
from tfdynconv.ops.lowerings.matmul import taps
from tfdynconv.ops.lowerings.rows import join
from tfdynconv.ops.static_conv import static_conv


def mix_outputs(bank, coefficients, rank, convolve):
    """`sum_i coefficients[:, i] convolve(bank[i])`, outputs of that rank; coefficients per kernel, or per kernel and filter."""
    total = None
    for i in range(bank.shape[0]):
        weighted = convolve(bank[i]) * as_map(coefficients[:, i : i + 1], rank)
        total = weighted if total is None else total + weighted
    return total


def as_map(factors, rank):
    """`[batch, channels or 1]` or `[batch, 1, channels]`, to be multiplied with a feature map of that rank."""
    return tf.reshape(factors, [-1, *[1] * (rank - 2), factors.shape[-1]])


def mixture(inputs, bank, coefficients, geometry, groups):
    if coefficients.shape.rank == 2 and is_pointwise(tuple(bank.shape[1:-2]), geometry, groups):
        return pointwise_mixture(inputs, bank, coefficients)
    convolve = functools.partial(static_conv, inputs, geometry=geometry, groups=groups)
    return mix_outputs(bank, coefficients, inputs.shape.rank, convolve)


def is_pointwise(kernel_size, geometry, groups):
    return kernel_size == geometry.strides == (1, 1) and groups == 1


def pointwise_mixture(inputs, bank, coefficients):
    """One convolution with the whole bank, the factors on whichever side of it has fewer channels."""
    n, *_, channels, filters = bank.shape
    batch, height, width = (
        size if size is not None else tf.shape(inputs)[i] for i, size in enumerate(inputs.shape[:-1])
    )
    factors = tf.reshape(coefficients, [-1, 1, n, 1])

    def by_kernel(maps, depth):
        return tf.reshape(maps, [batch, height * width, -1, depth])

    if channels <= filters:
        weighted = tf.reshape(by_kernel(inputs, channels) * factors, [batch, height, width, n * channels])
        return tf.nn.conv2d(weighted, tf.reshape(bank, [1, 1, n * channels, filters]), 1, "VALID")
    kernel = tf.reshape(tf.transpose(bank, [1, 2, 3, 0, 4]), [1, 1, channels, n * filters])
    outputs = by_kernel(tf.nn.conv2d(inputs, kernel, 1, "VALID"), filters)
    return tf.reshape(tf.reduce_sum(outputs * factors, 2), [batch, height, width, filters])


def attention(inputs, bank, attentions, geometry, groups):
    """ODConv: the attentions of channels and taps are factors of what is read, those of kernels and filters of what comes."""
    rank = inputs.shape.rank
    if "channel" in attentions:
        inputs = inputs * as_map(attentions["channel"], rank)
    kernels = attentions.get("kernel")
    if "spatial" in attentions:
        convolve = with_weighted_taps(inputs, attentions["spatial"], bank, geometry, groups)
    else:
        convolve = functools.partial(static_conv, inputs, geometry=geometry, groups=groups)
    filters = attentions.get("filter")
    if kernels is None:
        outputs = convolve(bank[0])
        return outputs if filters is None else outputs * as_map(filters, rank)
    if filters is not None:  # one factor for both: a multiplication less, and in integers a rounding
        kernels = kernels[:, :, tf.newaxis] * filters[:, tf.newaxis]
    return mix_outputs(bank, kernels, rank, convolve)


def with_weighted_taps(inputs, factors, bank, geometry, groups):
    """A function of the kernel: each tap's slice of the input, times the tap's factor, meets the tap's weights."""
    if geometry.rank == 1:
        lifted = with_weighted_taps(inputs[:, tf.newaxis], factors, bank[:, tf.newaxis], geometry.lifted(), groups)
        return lambda kernel: tf.squeeze(lifted(kernel[tf.newaxis]), 1)
    slices = list(taps(inputs, tuple(bank.shape[1:-2]), geometry))
    weighted = [x * as_map(factors[:, t : t + 1], inputs.shape.rank) for t, x in enumerate(slices)]
    if depthwise.serves(geometry, inputs.shape[-1], groups) and bank.shape[-1] == groups:
        return lambda kernel: sum(
            x * tap for x, tap in zip(weighted, tf.split(tf.reshape(kernel, [-1, groups]), len(weighted)))
        )
    pointwise = ConvGeometry((1,) * geometry.rank, (1,) * geometry.rank, "VALID")
    by_group = list(zip(*(tf.split(x, groups, -1) for x in weighted))) if groups > 1 else [weighted]
    patches = [join(list(parts)) for parts in by_group]

    def convolve(kernel):
        parts = []
        for patch, part in zip(patches, tf.split(kernel, groups, -1)):
            flat = tf.reshape(part, [*[1] * geometry.rank, patch.shape[-1], part.shape[-1]])
            parts.append(static_conv(patch, flat, pointwise))
        return join(parts)

    return convolve
