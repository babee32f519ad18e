"""Per-sample convolution: every sample of the batch has its own kernel."""

import typing

import tensorflow as tf

from tfdynconv.ops import place, plan
from tfdynconv.ops.geometry import (
    cells,
    fold_padding,
    standardize_data_format,
    standardize_ints,
    standardize_padding,
)
from tfdynconv.ops.lowerings import depthwise
from tfdynconv.ops.trilinear import differentiable
from tfdynconv.ops.types import Ints, Padding, Tensor


def per_sample_conv(
    inputs: Tensor,
    kernels: Tensor,
    strides: Ints = 1,
    padding: Padding = "valid",
    dilations: Ints = 1,
    groups: int = 1,
    data_format: str = "channels_last",
    lowering: str = "auto",
) -> Tensor:
    """Convolve each sample of a batch with its own kernel, in 1, 2 or 3 dimensions.

    `y[b, o, f] = sum over taps t and channels c of x[b, o s + t d - before, c] kernels[b, t, c, f]`, with stride s and
    dilation d: for each sample what `tf.nn.convolution` computes, and what a grouped convolution computes for `groups`
    above 1 (filters in groups, outermost first). Gradients of every order are exact in each lowering.

    Args:
        inputs: `[batch, *space, channels]`, or `[batch, channels, *space]` with `data_format="channels_first"`; 1 to 3
            spatial axes; batch and sizes may be unknown.
        kernels: `[batch, *kernel_size, channels / groups, filters]`, of the inputs' dtype, static but for the batch.
        strides, dilations: an int or one for each spatial axis; not both above 1.
        padding: `"valid"`, `"same"` (TensorFlow's rule), `"causal"` (1-D), an int, or a (before, after) pair per axis.
        groups: number of channel groups. As many as channels is computed as `per_sample_depthwise_conv` is, except in 3-D
            and at unequal strides.
        data_format: `"channels_last"` or `"channels_first"`.
        lowering: how it is computed: `"auto"` (the plan decides by place and shape), `"loop"`, `"grouped"`,
            `"matmul"` or `"vectorized"`. All give the same result to rounding.

    Returns:
        `[batch, *output space, filters]`, in the `data_format` of the inputs.

    Raises:
        ValueError: wrong rank, sizes, dtype or padding, or a lowering that cannot run in this place.

    Cost: the multiply-adds of one static convolution per sample; memory as `lowering` says.

    >>> import tensorflow as tf
    >>> x = tf.ones([2, 5, 5, 3])
    >>> kernels = tf.stack([tf.ones([3, 3, 3, 4]), tf.zeros([3, 3, 3, 4])])
    >>> y = per_sample_conv(x, kernels, padding="same")
    >>> y.shape, float(y[0, 2, 2, 0]), float(y[1, 2, 2, 0])
    (TensorShape([2, 5, 5, 4]), 27.0, 0.0)
    """
    caller = "per_sample_conv"
    inputs, kernels, rank = check_tensors(inputs, kernels, (3, 4, 5), caller)
    strides, dilations, padding = check_window(strides, dilations, padding, rank, caller)
    standardize_data_format(data_format, caller)
    if data_format == "channels_first":
        inputs = channels_last(inputs)
    check_groups(inputs.shape[-1], kernels.shape, groups, caller)
    inputs, geometry = fold_padding(inputs, padding, kernels.shape[1:-2], strides, dilations)
    check_output(inputs, kernels, geometry, caller)
    plan.phone_form(lowering, "kernels", ("matmul",))
    outputs = convolve(inputs, kernels, geometry, groups, lowering, caller)
    return channels_first(outputs) if data_format == "channels_first" else outputs


def convolve(inputs, kernels, geometry, groups, lowering, caller):
    """1-D as 2-D of height one, groups as channels of a depthwise convolution or as samples of their own."""
    output_size = geometry.output_size(inputs.shape[1:-1], kernels.shape[1:-2])
    pixels = cells(output_size)
    shape = [inputs.shape[0] if inputs.shape[0] is not None else kernels.shape[0], *output_size, kernels.shape[-1]]
    if geometry.rank == 1:
        inputs, kernels = tf.expand_dims(inputs, 1), tf.expand_dims(kernels, 1)
        geometry = geometry.lifted()
    if depthwise.serves(geometry, inputs.shape[-1], groups):
        outputs = lowered("depthwise", inputs, depthwise.apart(kernels, groups), geometry, pixels, lowering, caller)
    elif groups > 1:
        inputs, kernels = groups_to_samples(inputs, groups), kernel_groups_to_samples(kernels, groups)
        outputs = samples_to_groups(lowered("conv", inputs, kernels, geometry, pixels, lowering, caller), groups)
    else:
        outputs = lowered("conv", inputs, kernels, geometry, pixels, lowering, caller)
    outputs = tf.squeeze(outputs, 1) if len(shape) == 3 else outputs
    return tf.ensure_shape(outputs, shape) if not outputs.shape.is_fully_defined() else outputs


def lowered(kind, inputs, kernels, geometry, pixels, lowering, caller):
    """By the lowering that was asked for, or the plan's; `pixels` are the output's, None where unknown."""
    kernel_size, filters = tuple(kernels.shape[1:-2]), kernels.shape[-1]
    case = plan.Case.of(kind, kernel_size, pixels, geometry, kernels.dtype)
    chosen = place.note(plan.choose(lowering, case, inputs, caller))
    channels = filters * kernels.shape[-2] if kind == "depthwise" else filters
    return differentiable(chosen, inputs, kernels, geometry, kernel_size, channels)


def per_sample_depthwise_conv(
    inputs: Tensor,
    kernels: Tensor,
    strides: Ints = 1,
    padding: Padding = "valid",
    dilations: Ints = 1,
    data_format: str = "channels_last",
    lowering: str = "auto",
) -> Tensor:
    """Convolve each channel of each sample with its own kernels, in two dimensions.

    `y[b, o, c m + j] = sum over taps t of x[b, o s + t d - before, c] kernels[b, t, c, j]`, with m kernels a channel: for
    each sample what `tf.nn.depthwise_conv2d` computes.

    Args:
        inputs: `[batch, height, width, channels]`, or channels first.
        kernels: `[batch, *kernel_size, channels, multiplier]`.
        strides: an int, or two equal ones, as TensorFlow's own depthwise convolution demands.
        padding, dilations, data_format, lowering: as in `per_sample_conv`.

    Returns:
        `[batch, *output space, channels * multiplier]`, in the `data_format` of the inputs.

    Raises:
        ValueError: wrong rank, sizes, dtype or padding, unequal strides, or a lowering that cannot run in this place.

    Cost: the multiply-adds of one static depthwise convolution per sample.

    >>> import tensorflow as tf
    >>> per_sample_depthwise_conv(tf.ones([2, 8, 8, 3]), tf.ones([2, 3, 3, 3, 2]), strides=2, padding="same").shape
    TensorShape([2, 4, 4, 6])
    """
    caller = "per_sample_depthwise_conv"
    inputs, kernels, rank = check_tensors(inputs, kernels, (4,), caller)
    strides, dilations, padding = check_window(strides, dilations, padding, rank, caller)
    standardize_data_format(data_format, caller)
    if strides[0] != strides[1]:
        raise ValueError(
            f"{caller}: expected equal strides for height and width (TensorFlow has no other depthwise convolution). "
            f"Received: strides={strides}. Use per_sample_conv with groups=channels instead."
        )
    if data_format == "channels_first":
        inputs = channels_last(inputs)
    if inputs.shape[-1] != kernels.shape[-2]:
        raise ValueError(
            f"{caller}: expected kernels of shape [batch, height, width, {inputs.shape[-1]}, multiplier] for "
            f"{inputs.shape[-1]} input channels. Received: kernels of shape {tuple(kernels.shape)}."
        )
    inputs, geometry = fold_padding(inputs, padding, kernels.shape[1:-2], strides, dilations)
    check_output(inputs, kernels, geometry, caller)
    pixels = cells(geometry.output_size(inputs.shape[1:-1], kernels.shape[1:-2]))
    outputs = lowered("depthwise", inputs, kernels, geometry, pixels, lowering, caller)
    return channels_first(outputs) if data_format == "channels_first" else outputs


def channels_last(tensor):
    return tf.transpose(tensor, [0, *range(2, tensor.shape.rank), 1])


def channels_first(tensor):
    rank = tensor.shape.rank
    return tf.transpose(tensor, [0, rank - 1, *range(1, rank - 1)])


def groups_to_samples(tensor, groups):
    """`[B, *space, g c] -> [B g, *space, c]`. This and the next two stay at rank 4, as phones want it."""
    shape, channels = tf.shape(tensor), tensor.shape[-1] // groups
    apart = tf.reshape(tensor, [shape[0], tf.reduce_prod(shape[1:-1]), groups, channels])
    moved = tf.transpose(apart, [0, 2, 1, 3])
    return tf.reshape(moved, tf.concat([[-1], shape[1:-1], [channels]], 0))


def kernel_groups_to_samples(kernels, groups):
    """`[B, *kernel_size, c, g o] -> [B g, *kernel_size, c, o]`."""
    rows, filters = kernels.shape[1:-1], kernels.shape[-1] // groups
    apart = tf.reshape(kernels, [-1, rows.num_elements(), groups, filters])
    moved = tf.transpose(apart, [0, 2, 1, 3])
    return tf.reshape(moved, [-1, *rows, filters])


def samples_to_groups(tensor, groups):
    """`[B g, *space, o] -> [B, *space, g o]`."""
    shape, filters = tf.shape(tensor), tensor.shape[-1]
    apart = tf.reshape(tensor, [-1, groups, tf.reduce_prod(shape[1:-1]), filters])
    moved = tf.transpose(apart, [0, 2, 1, 3])
    return tf.reshape(moved, tf.concat([[-1], shape[1:-1], [groups * filters]], 0))


def check_tensors(inputs, kernels, ranks, caller):
    inputs, kernels = tf.convert_to_tensor(inputs), tf.convert_to_tensor(kernels)
    if inputs.shape.rank not in ranks or kernels.shape.rank != inputs.shape.rank + 1:
        raise ValueError(
            f"{caller}: expected inputs of rank {' or '.join(map(str, ranks))} and kernels of one rank more "
            "([batch, *kernel_size, channels, filters]: one kernel for each sample). "
            f"Received: inputs of shape {inputs.shape} and kernels of shape {kernels.shape}."
        )
    if inputs.dtype != kernels.dtype or not inputs.dtype.is_floating:
        raise ValueError(
            f"{caller}: inputs and kernels must have the same floating dtype. Received: inputs {inputs.dtype.name}, "
            f"kernels {kernels.dtype.name}. Cast one with tf.cast."
        )
    if not kernels.shape[1:].is_fully_defined() or 0 in kernels.shape[1:]:
        raise ValueError(
            f"{caller}: the kernels' sizes, all but the batch, must be known and at least 1. "
            f"Received: kernels of shape {kernels.shape}."
        )
    if not inputs.shape[:1].is_compatible_with(kernels.shape[:1]):
        raise ValueError(
            f"{caller}: expected one kernel for each sample. Received: {inputs.shape[0]} samples and "
            f"{kernels.shape[0]} kernels (inputs {inputs.shape}, kernels {kernels.shape})."
        )
    return inputs, kernels, inputs.shape.rank - 2


def check_window(
    strides: Ints, dilations: Ints, padding: Padding, rank: int, caller: str
) -> tuple[tuple[int, ...], tuple[int, ...], typing.Any]:
    strides = standardize_ints(strides, rank, "strides", caller)
    dilations = standardize_ints(dilations, rank, "dilations", caller)
    if max(strides) > 1 and max(dilations) > 1:
        raise ValueError(
            f"{caller}: `strides` and `dilations` cannot both be above 1. Received: strides={strides}, "
            f"dilations={dilations}. Set one of them to 1."
        )
    return strides, dilations, standardize_padding(padding, rank, caller)


def check_groups(channels, kernel_shape, groups, caller):
    if not isinstance(groups, int) or groups < 1:
        raise ValueError(f"{caller}: `groups` must be a positive int. Received: groups={groups!r}.")
    if channels is None or channels != kernel_shape[-2] * groups or kernel_shape[-1] % groups:
        raise ValueError(
            f"{caller}: expected channels = kernel channels x groups and filters divisible by groups. Received: "
            f"{channels} input channels, kernels of shape {tuple(kernel_shape)} ({kernel_shape[-2]} channels, "
            f"{kernel_shape[-1]} filters), groups={groups}."
        )


def check_output(inputs, kernels, geometry, caller):
    size = geometry.output_size(inputs.shape[1:-1], kernels.shape[1:-2])
    if any(n is not None and n < 1 for n in size):
        raise ValueError(
            f"{caller}: the kernel is larger than the (padded) input, so the output would be empty. Received: spatial "
            f"size {tuple(inputs.shape[1:-1])}, kernel size {tuple(kernels.shape[1:-2])}, dilations "
            f"{geometry.dilations}. Use padding='same' or a smaller kernel."
        )
