"""A bank of kernels, mixed for each sample and convolved."""

import tensorflow as tf

from tfdynconv.ops import plan
from tfdynconv.ops.geometry import fold_padding, standardize_data_format
from tfdynconv.ops.lowerings import native
from tfdynconv.ops.mixing import check_coefficients, mix
from tfdynconv.ops.per_sample_conv import (
    channels_first,
    channels_last,
    check_groups,
    check_output,
    check_window,
    per_sample_conv,
)
from tfdynconv.ops.trilinear import differentiable


def mixture_conv(
    inputs,
    bank,
    coefficients,
    strides=1,
    padding="valid",
    dilations=1,
    groups=1,
    data_format="channels_last",
    lowering="auto",
):
    """Mix a bank of kernels for each sample and convolve the sample with its mixture.

    `y[b] = conv(x[b], sum_i a[b, i] W[i]) = sum_i a[b, i] conv(x[b], W[i])`. The first form mixes kernels and costs one
    convolution a sample and n times the kernel's size; the second, `lowering="features"`, convolves with the whole bank
    and mixes the n outputs.

    Args:
        inputs: `[batch, *space, channels]`, or channels first.
        bank: `[n, *kernel_size, channels / groups, filters]`.
        coefficients: `[batch, n]`, a.
        strides, padding, dilations, groups, data_format: as in `per_sample_conv`.
        lowering: as in `per_sample_conv`, or `"features"`.

    Returns:
        `[batch, *output space, filters]`, in the `data_format` of the inputs.

    Raises:
        ValueError: as `per_sample_conv`, and for coefficients of the wrong shape.

    >>> import tensorflow as tf
    >>> bank = tf.stack([tf.ones([1, 1, 3, 4]), 2 * tf.ones([1, 1, 3, 4])])
    >>> y = mixture_conv(tf.ones([2, 5, 5, 3]), bank, [[1.0, 0.0], [0.5, 0.5]])
    >>> y.shape, float(y[0, 0, 0, 0]), float(y[1, 0, 0, 0])
    (TensorShape([2, 5, 5, 4]), 3.0, 4.5)

    References: CondConv, arXiv 1904.04971; Dynamic Convolution, arXiv 1912.03458.
    """
    caller = "mixture_conv"
    plan.check_name(lowering, caller, extra=("features",))
    inputs = tf.convert_to_tensor(inputs)
    bank = tf.convert_to_tensor(bank)
    if inputs.shape.rank not in (3, 4, 5) or bank.shape.rank != inputs.shape.rank + 1:
        raise ValueError(
            f"{caller}: expected inputs of rank 3, 4 or 5 and a bank of one rank more ([n, *kernel_size, channels, "
            f"filters]). Received: inputs of shape {inputs.shape} and a bank of shape {bank.shape}."
        )
    coefficients = tf.convert_to_tensor(coefficients, dtype=bank.dtype)
    check_coefficients(coefficients, bank.shape[0], inputs.shape[0], caller)
    if lowering == "features":
        return mix_features(inputs, bank, coefficients, strides, padding, dilations, groups, data_format, caller)
    kernels = mix(bank, coefficients)
    return per_sample_conv(inputs, kernels, strides, padding, dilations, groups, data_format, lowering)


def mix_features(inputs, bank, coefficients, strides, padding, dilations, groups, data_format, caller):
    """Convolve with the whole bank, `[batch, *space, n, filters]`, and sum over n with the coefficients."""
    rank = inputs.shape.rank - 2
    strides, dilations, padding = check_window(strides, dilations, padding, rank, caller)
    standardize_data_format(data_format, caller)
    inputs = channels_last(inputs) if data_format == "channels_first" else inputs
    check_groups(inputs.shape[-1], bank.shape, groups, caller)
    inputs, geometry = fold_padding(inputs, padding, bank.shape[1:-2], strides, dilations)
    check_output(inputs, bank, geometry, caller)
    n, filters = bank.shape[0], bank.shape[-1] // groups
    parts = [
        # [n, *kernel_size, c, filters] -> [*kernel_size, c, n filters]: one convolution with the whole bank
        convolve_bank(x, tf.reshape(tf.transpose(w, [*range(1, rank + 2), 0, rank + 2]), [*w.shape[1:-1], -1]), geometry)
        for x, w in zip(tf.split(inputs, groups, -1), tf.split(bank, groups, -1))
    ]
    mixed = [weighted_sum(part, coefficients, n, filters) for part in parts]
    outputs = mixed[0] if groups == 1 else tf.concat(mixed, -1)
    return channels_first(outputs) if data_format == "channels_first" else outputs


def convolve_bank(inputs, kernel, geometry):
    if geometry.rank == 1:
        lifted = type(geometry)((1, *geometry.strides), (1, *geometry.dilations), geometry.padding)
        return tf.squeeze(convolve_bank(tf.expand_dims(inputs, 1), kernel[tf.newaxis], lifted), 1)
    return differentiable(native, inputs, kernel, geometry, tuple(kernel.shape[:-2]))


def weighted_sum(features, coefficients, n, filters):
    shape = tf.shape(features)
    pixels = tf.reshape(features, [shape[0], -1, n, filters])
    mixed = tf.einsum("bpnf,bn->bpf", pixels, coefficients)
    outputs = tf.reshape(mixed, tf.concat([shape[:-1], [filters]], 0))
    outputs.set_shape([*features.shape[:-1], filters])
    return outputs
