"""Per-sample transposed convolution: the input gradient of `per_sample_conv`, as a layer of its own."""

import typing

import tensorflow as tf

from tfdynconv.ops import place, plan
from tfdynconv.ops.geometry import ConvGeometry, cells, spatial_size, standardize_data_format
from tfdynconv.ops.per_sample_conv import channels_first, channels_last, check_tensors, check_window
from tfdynconv.ops.trilinear import forms
from tfdynconv.ops.types import Ints, Padding, Tensor


def per_sample_conv_transpose(
    inputs: Tensor,
    kernels: Tensor,
    strides: Ints = 1,
    padding: Padding = "valid",
    output_padding: typing.Optional[Ints] = None,
    dilations: Ints = 1,
    data_format: str = "channels_last",
    lowering: str = "auto",
) -> Tensor:
    """Transpose-convolve each sample of a batch with its own kernel, in 1, 2 or 3 dimensions.

        `y[b, o s + t d - before, f] += x[b, o, c] kernels[b, t, f, c]` over all cells o, taps t and channels c: what
        `keras.layers.Conv2DTranspose` computes, with a kernel for each sample. Gradients of every order are exact.

        Args:
            inputs: `[batch, *space, channels]`, or channels first; batch and sizes may be unknown.
            kernels: `[batch, *kernel_size, filters, channels]` (filters before channels, as Keras has it).
            strides, dilations: an int or one for each spatial axis; not both above 1.
            padding: `"valid"` or `"same"`.
            output_padding: None, an int, or one for each axis: cells added at the end of the output, as in Keras.
            data_format, lowering: as in `per_sample_conv`.

        Returns:
            `[batch, *output space, filters]`; an axis of n cells becomes `n s` for `"same"` and `n s + max(k - s, 0)` for
            `"valid"`, where k is the kernel's extent `(kernel - 1) d + 1`.

        Raises:
            ValueError: wrong rank, sizes, dtype or padding, or a lowering that cannot run in this place.

        Cost: the multiply-adds of one static transposed convolution per sample.

        >>> import typing

    import tensorflow as tf
        >>> per_sample_conv_transpose(tf.ones([2, 4, 4, 3]), tf.ones([2, 3, 3, 5, 3]), strides=2, padding="same").shape
        TensorShape([2, 8, 8, 5])
    """
    caller = "per_sample_conv_transpose"
    inputs, kernels, rank = check_tensors(inputs, kernels, (3, 4, 5), caller)
    strides, dilations, padding = check_window(strides, dilations, padding, rank, caller)
    standardize_data_format(data_format, caller)
    inputs = channels_last(inputs) if data_format == "channels_first" else inputs
    check_padding(padding, caller)
    check_channels(inputs, kernels, caller)
    added = standardize_output_padding(output_padding, strides, rank, caller)
    if rank == 1:
        inputs, kernels = tf.expand_dims(inputs, 1), tf.expand_dims(kernels, 1)
        strides, dilations, added = (1, *strides), (1, *dilations), added and (0, *added)
    outputs = transpose(
        inputs, kernels, ConvGeometry(strides, dilations, str(padding).upper()), added, lowering, caller
    )
    outputs = tf.squeeze(outputs, 1) if rank == 1 else outputs
    return channels_first(outputs) if data_format == "channels_first" else outputs


def transpose(inputs, kernels, geometry, added, lowering, caller):
    """The output plays the convolution's input, the input its cotangent."""
    kernel_size, filters = tuple(kernels.shape[1:-2]), kernels.shape[-2]
    size = output_size(spatial_size(inputs, geometry.rank), kernel_size, geometry, added)
    static = [n if isinstance(n, int) else None for n in size]
    case = plan.Case.of("conv", kernel_size, cells(static), geometry, kernels.dtype)
    chosen = place.note(plan.choose(lowering, case, inputs, caller))
    shapes = {"x": [inputs.shape[0], *static, filters], "k": kernels.shape, "y": inputs.shape}
    _, input_grad, _ = forms(chosen, geometry, kernel_size, shapes)
    return input_grad(inputs, kernels, size)


def output_size(size, kernel_size, geometry, added):
    """Cells per axis, by Keras' rule."""
    extents = geometry.extent(kernel_size)
    if added is None:
        grown = (
            (0,) * len(size)
            if geometry.padding == "SAME"
            else [max(e - s, 0) for e, s in zip(extents, geometry.strides)]
        )
        return tuple(None if n is None else n * s + g for n, s, g in zip(size, geometry.strides, grown))
    cut = [2 * (e // 2) if geometry.padding == "SAME" else 0 for e in extents]
    return tuple(
        None if n is None else (n - 1) * s + e - c + a
        for n, s, e, c, a in zip(size, geometry.strides, extents, cut, added)
    )


def standardize_output_padding(output_padding, strides, rank, caller):
    if output_padding is None:
        return None
    values = (output_padding,) * rank if isinstance(output_padding, int) else tuple(output_padding)
    if len(values) != rank or not all(isinstance(v, int) and 0 <= v < s for v, s in zip(values, strides)):
        raise ValueError(
            f"{caller}: `output_padding` must be None, or ints from 0 to below the stride of each axis. Received: "
            f"output_padding={output_padding!r}, strides={strides}."
        )
    return values


def check_padding(padding, caller):
    if padding not in ("valid", "same"):
        raise ValueError(f"{caller}: `padding` must be 'valid' or 'same'. Received: padding={padding!r}.")


def check_channels(inputs, kernels, caller):
    if inputs.shape[-1] != kernels.shape[-1]:
        raise ValueError(
            f"{caller}: expected kernels of shape [batch, *kernel_size, filters, {inputs.shape[-1]}] for "
            f"{inputs.shape[-1]} input channels. Received: kernels of shape {tuple(kernels.shape)}."
        )
