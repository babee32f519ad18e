"""Mix features instead of kernels: convolve with the whole bank, then weight its n outputs."""

import tensorflow as tf

from tfdynconv.ops import place
from tfdynconv.ops.lowerings import depthwise, native
from tfdynconv.ops.trilinear import differentiable


def mix_features(inputs, bank, coefficients, geometry, groups):
    """`sum_i coefficients[b, i] conv(inputs[b], bank[i])`: n convolutions, every one of them with a static kernel."""
    if depthwise.serves(geometry, inputs.shape[-1], groups):
        return mix_depthwise_features(inputs, depthwise.apart(bank, groups), coefficients, geometry)
    place.note("features")
    rank, n = geometry.rank, bank.shape[0]
    mixed = []
    per_group = tf.split(coefficients, groups, -1) if coefficients.shape.rank == 3 else [coefficients] * groups
    for x, w, a in zip(tf.split(inputs, groups, -1), tf.split(bank, groups, -1), per_group):
        # [n, *kernel_size, c, filters] -> [*kernel_size, c, n filters]: one convolution with the whole bank
        kernel = tf.reshape(tf.transpose(w, [*range(1, rank + 2), 0, rank + 2]), [*w.shape[1:-1], n * w.shape[-1]])
        mixed.append(weighted_sum(convolve_bank(x, kernel, geometry), a, n, w.shape[-1]))
    return mixed[0] if groups == 1 else tf.concat(mixed, -1)


def convolve_bank(inputs, kernel, geometry):
    if geometry.rank == 1:
        return tf.squeeze(convolve_bank(tf.expand_dims(inputs, 1), kernel[tf.newaxis], geometry.lifted()), 1)
    return differentiable(native, inputs, kernel, geometry, tuple(kernel.shape[:-2]), kernel.shape[-1])


def weighted_sum(features, coefficients, n, filters):
    shape = tf.shape(features)
    pixels = tf.reshape(features, [shape[0], -1, n, filters])
    mixed = tf.einsum("bpnf,bn->bpf" if coefficients.shape.rank == 2 else "bpnf,bnf->bpf", pixels, coefficients)
    outputs = tf.reshape(mixed, tf.concat([shape[:-1], [filters]], 0))
    outputs.set_shape([*features.shape[:-1], filters])
    return outputs


def mix_depthwise_features(inputs, bank, coefficients, geometry):
    """The same for a depthwise bank `[n, *kernel_size, channels, multiplier]`."""
    place.note("features")
    n, *kernel_size, channels, multiplier = bank.shape
    # each channel's filters: those of the first kernel, then of the second, ...
    kernel = tf.reshape(tf.transpose(bank, [1, 2, 3, 0, 4]), [*kernel_size, channels, n * multiplier])
    features = differentiable(depthwise, inputs, kernel, geometry, tuple(kernel_size), channels * n * multiplier)
    if coefficients.shape.rank == 2:
        weights = tf.tile(coefficients[:, :, tf.newaxis], [1, 1, channels * multiplier])
    else:
        weights = coefficients
    weights = tf.reshape(weights, [-1, n, channels, multiplier])
    shape = tf.shape(features)
    apart = tf.reshape(features, [shape[0], -1, channels, n, multiplier])
    mixed = tf.einsum("bpcnm,bncm->bpcm", apart, weights)
    outputs = tf.reshape(mixed, tf.concat([shape[:-1], [channels * multiplier]], 0))
    outputs.set_shape([*features.shape[:-1], channels * multiplier])
    return outputs
