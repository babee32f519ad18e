"""A bank of kernels, mixed for each sample and convolved."""

import math

import tensorflow as tf

from tfdynconv.ops import constant_filters, mixture_chunks, place, plan
from tfdynconv.ops.geometry import cells, fold_padding, standardize_data_format
from tfdynconv.ops.lowerings import depthwise
from tfdynconv.ops.mixing import check_coefficients, coefficient_shape, mix
from tfdynconv.ops.mixture_features import mix_features
from tfdynconv.ops.per_sample_conv import (
    channels_first,
    channels_last,
    check_groups,
    check_output,
    check_window,
    convolve,
)
from tfdynconv.ops.phone import FORMS
from tfdynconv.ops.types import Ints, Padding, Tensor


def mixture_conv(
    inputs: Tensor,
    bank: Tensor,
    coefficients: Tensor,
    strides: Ints = 1,
    padding: Padding = "valid",
    dilations: Ints = 1,
    groups: int = 1,
    data_format: str = "channels_last",
    lowering: str = "auto",
) -> Tensor:
    """Mix a bank of kernels for each sample and convolve the sample with its mixture.

    `y[b] = conv(x[b], sum_i a[b, i] W[i]) = sum_i a[b, i] conv(x[b], W[i])`. The first form mixes kernels and costs one
    convolution a sample and n times the kernel's size; the second, `lowering="features"`, convolves with the whole bank
    and mixes the n outputs.

    Args:
        inputs: `[batch, *space, channels]`, or channels first.
        bank: `[n, *kernel_size, channels / groups, filters]`.
        coefficients: `[batch, n]`, a; or `[batch, n, filters]`, one for each filter of each kernel.
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

    References: CondConv, arXiv 1904.04971; Dynamic Convolution, arXiv 1912.03458; DyNet (coefficients per filter),
    arXiv 2004.10694.
    """
    caller = "mixture_conv"
    plan.check_name(lowering, caller, extra=("features",))
    inputs, bank = tf.convert_to_tensor(inputs), tf.convert_to_tensor(bank)
    if inputs.shape.rank not in (3, 4, 5) or bank.shape.rank != inputs.shape.rank + 1:
        raise ValueError(
            f"{caller}: expected inputs of rank 3, 4 or 5 and a bank of one rank more ([n, *kernel_size, channels, "
            f"filters]). Received: inputs of shape {inputs.shape} and a bank of shape {bank.shape}."
        )
    coefficients = coefficients if tf.is_tensor(coefficients) else tf.convert_to_tensor(coefficients, dtype=bank.dtype)
    check_dtypes(inputs, bank, coefficients, caller=caller)
    shape = coefficient_shape(coefficients, bank.shape[0], bank.shape[-1])
    check_coefficients(coefficients, shape, inputs.shape[0], caller)
    strides, dilations, padding = check_window(strides, dilations, padding, inputs.shape.rank - 2, caller)
    standardize_data_format(data_format, caller)
    inputs = channels_last(inputs) if data_format == "channels_first" else inputs
    check_groups(inputs.shape[-1], bank.shape, groups, caller)
    inputs, geometry = fold_padding(inputs, padding, bank.shape[1:-2], strides, dilations)
    check_output(inputs, bank, geometry, caller)
    if lowering != "features" and phone_form(inputs, bank, geometry, groups, lowering) == "constant":
        outputs = constant_filters.mixture(inputs, bank, coefficients, geometry, groups)
    else:
        outputs = mix_and_convolve(inputs, bank, coefficients, geometry, groups, lowering, caller)
    return channels_first(outputs) if data_format == "channels_first" else outputs


def phone_form(inputs, bank, geometry, groups, lowering):
    kernel_size = tuple(bank.shape[1:-2])
    kind = depthwise.kind(geometry, inputs.shape[-1], groups)
    if kind == "conv" and constant_filters.is_pointwise(kernel_size, geometry, groups):
        kind = "pointwise"
    elif geometry.rank == 3:
        kind = "volume"
    pixels = cells(geometry.output_size(inputs.shape[1:-1], kernel_size))
    return plan.phone_form(lowering, kind, FORMS, pixels=math.inf if pixels is None else pixels)


def check_dtypes(inputs, bank, *coefficients, caller):
    dtypes = [tensor.dtype for tensor in (inputs, bank, *coefficients)]
    if len(set(dtypes)) > 1 or not bank.dtype.is_floating:
        raise ValueError(
            f"{caller}: inputs, bank and coefficients must have the same floating dtype. Received: "
            f"{', '.join(dtype.name for dtype in dtypes)}. Cast them with tf.cast."
        )


def mix_and_convolve(inputs, bank, coefficients, geometry, groups, lowering, caller):
    """Mix features, kernels a few at a time, or all kernels at once."""
    if lowering == "features":
        return mix_features(inputs, bank, coefficients, geometry, groups)
    form = plan.choose_chunks(lowering, inputs, bank, geometry, groups)
    if form is not None:
        return mixture_chunks.convolve(place.note(form), inputs, bank, coefficients, geometry)
    return convolve(inputs, mix(bank, coefficients), geometry, groups, lowering, caller)
