"""A bank of depthwise kernels, mixed for each sample and convolved."""

import typing

import tensorflow as tf

from tfdynconv.ops import constant_filters, plan
from tfdynconv.ops.geometry import fold_padding, standardize_data_format
from tfdynconv.ops.mixing import check_coefficients, coefficient_shape, mix
from tfdynconv.ops.mixture_conv import check_dtypes
from tfdynconv.ops.mixture_features import mix_depthwise_features
from tfdynconv.ops.per_sample_conv import channels_first, channels_last, check_window, per_sample_depthwise_conv
from tfdynconv.ops.phone import FORMS
from tfdynconv.ops.types import Ints, Padding, Tensor


def mixture_depthwise_conv(
    inputs: Tensor,
    bank: Tensor,
    coefficients: Tensor,
    strides: Ints = 1,
    padding: Padding = "valid",
    dilations: Ints = 1,
    data_format: str = "channels_last",
    lowering: str = "auto",
) -> Tensor:
    """Mix a bank of depthwise kernels for each sample and convolve the sample with its mixture.

    `y[b] = depthwise_conv(x[b], sum_i a[b, i] W[i])`; `lowering="features"` convolves with the whole bank and mixes the n
    outputs, as in `mixture_conv`.

    Args:
        inputs: `[batch, height, width, channels]`, or channels first.
        bank: `[n, *kernel_size, channels, multiplier]`.
        coefficients: `[batch, n]`, a; or `[batch, n, channels * multiplier]`, one for each filter of each kernel.
        strides, padding, dilations, data_format: as in `per_sample_depthwise_conv`.
        lowering: as in `per_sample_depthwise_conv`, or `"features"`.

    Returns:
        `[batch, *output space, channels * multiplier]`, in the `data_format` of the inputs.

    Raises:
        ValueError: as `per_sample_depthwise_conv`, and for coefficients of the wrong shape.

    Cost: that of `per_sample_depthwise_conv` and n times the kernel's size a sample; n depthwise convolutions for
    `"features"`.

    >>> import tensorflow as tf
    >>> bank = tf.stack([tf.ones([1, 1, 3, 1]), 2 * tf.ones([1, 1, 3, 1])])
    >>> y = mixture_depthwise_conv(tf.ones([2, 5, 5, 3]), bank, [[1.0, 0.0], [0.5, 0.5]])
    >>> y.shape, float(y[0, 0, 0, 0]), float(y[1, 0, 0, 0])
    (TensorShape([2, 5, 5, 3]), 1.0, 1.5)
    """
    caller = "mixture_depthwise_conv"
    plan.check_name(lowering, caller, extra=("features",))
    inputs, bank = tf.convert_to_tensor(inputs), tf.convert_to_tensor(bank)
    if inputs.shape.rank != 4 or bank.shape.rank != 5:
        raise ValueError(
            f"{caller}: expected inputs of rank 4 and a bank of rank 5 ([n, height, width, channels, multiplier]). "
            f"Received: inputs of shape {inputs.shape} and a bank of shape {bank.shape}."
        )
    coefficients = coefficients if tf.is_tensor(coefficients) else tf.convert_to_tensor(coefficients, dtype=bank.dtype)
    check_dtypes(inputs, bank, coefficients, caller=caller)
    shape = coefficient_shape(coefficients, bank.shape[0], bank.shape[-2] * bank.shape[-1])
    check_coefficients(coefficients, shape, inputs.shape[0], caller)
    window: dict[str, typing.Any] = {
        "strides": strides,
        "padding": padding,
        "dilations": dilations,
        "data_format": data_format,
    }
    if lowering == "features":
        return with_whole_bank(inputs, bank, coefficients, caller, **window)
    if plan.phone_form(lowering, "depthwise", FORMS) == "constant":
        return with_each_kernel(inputs, bank, coefficients, caller, **window)
    return per_sample_depthwise_conv(inputs, mix(bank, coefficients), lowering=lowering, **window)


def with_whole_bank(*arguments, **window):
    return in_features(mix_depthwise_features, *arguments, **window)


def with_each_kernel(*arguments, **window):
    return in_features(each_kernel, *arguments, **window)


def each_kernel(inputs, bank, coefficients, geometry):
    channels = bank.shape[-2]
    bank = tf.reshape(bank, [*bank.shape[:-2], 1, channels * bank.shape[-1]])
    return constant_filters.mixture(inputs, bank, coefficients, geometry, channels)


def in_features(mix_outputs, inputs, bank, coefficients, caller, strides, padding, dilations, data_format):
    strides, dilations, padding = check_window(strides, dilations, padding, 2, caller)
    standardize_data_format(data_format, caller)
    inputs = channels_last(inputs) if data_format == "channels_first" else inputs
    inputs, geometry = fold_padding(inputs, padding, bank.shape[1:3], strides, dilations)
    outputs = mix_outputs(inputs, bank, coefficients, geometry)
    return channels_first(outputs) if data_format == "channels_first" else outputs
