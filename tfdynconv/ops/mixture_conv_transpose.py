"""A bank of kernels, mixed for each sample and transpose-convolved."""

import tensorflow as tf

from tfdynconv.ops import constant_filters, plan
from tfdynconv.ops.geometry import ConvGeometry, spatial_size, standardize_ints
from tfdynconv.ops.lowerings import native
from tfdynconv.ops.mixing import mix
from tfdynconv.ops.per_sample_conv import channels_first, channels_last
from tfdynconv.ops.per_sample_conv_transpose import (
    output_size,
    per_sample_conv_transpose,
    standardize_output_padding,
)
from tfdynconv.ops.phone import FORMS


def mixture_conv_transpose(inputs, bank, coefficients, lowering="auto", **window):
    """`y[b] = conv_transpose(x[b], sum_i a[b, i] W[i])`, for layers, which have checked their arguments.

    `bank [n, *kernel_size, filters, channels]`, `coefficients [batch, n]`; `window` as in `per_sample_conv_transpose`.
    """
    if plan.phone_form(lowering, "transpose", FORMS) != "constant":
        return per_sample_conv_transpose(inputs, mix(bank, coefficients), lowering=lowering, **window)
    is_first = window.pop("data_format") == "channels_first"
    inputs = channels_last(inputs) if is_first else inputs

    def convolve(kernel):
        return with_stored_kernel(inputs, kernel, **window)

    outputs = constant_filters.mix_outputs(bank, coefficients, inputs.shape.rank, convolve)
    return channels_first(outputs) if is_first else outputs


def with_stored_kernel(inputs, kernel, strides, padding, dilations, output_padding):
    """One kernel for all samples, channels last: TensorFlow's own."""
    rank = inputs.shape.rank - 2
    geometry = ConvGeometry(
        standardize_ints(strides, rank, "strides", "mixture_conv_transpose"),
        standardize_ints(dilations, rank, "dilations", "mixture_conv_transpose"),
        padding.upper(),
    )
    added = standardize_output_padding(output_padding, geometry.strides, rank, "mixture_conv_transpose")
    size = output_size(spatial_size(inputs, rank), tuple(kernel.shape[:-2]), geometry, added)
    if rank > 1:
        return native.input_grad(inputs, kernel, geometry, size)
    lifted = native.input_grad(tf.expand_dims(inputs, 1), kernel[tf.newaxis], geometry.lifted(), (1, *size))
    return tf.squeeze(lifted, 1)
