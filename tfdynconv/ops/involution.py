"""Involution: every position has a kernel of its own, which the channels of a group share."""

import tensorflow as tf

from tfdynconv.ops import place
from tfdynconv.ops.geometry import (
    ConvGeometry,
    is_int,
    spatial_size,
    standardize_data_format,
    standardize_ints,
)
from tfdynconv.ops.per_sample_conv import channels_first, channels_last
from tfdynconv.ops.stencil import Stencil, batch_of, sum_over
from tfdynconv.ops.trilinear import differentiable


def involution(inputs, kernels, kernel_size, strides=1, dilations=1, groups=1, data_format="channels_last"):
    """Weigh the neighbours of every position with the kernel of that position.

    `y[b, p, c] = sum over taps t of kernels[b, p, g, t] x[b, s p + d t - d (k - 1) / 2, c]`, g the group of c, zeros outside.

    Computed tap by tap from shifted slices, forward and backward: what patches would hold, `kh kw` times the input, is never
    there. Gradients of every order.

    Args:
        inputs: `[batch, height, width, channels]`, or channels first. Groups are runs of `channels / groups`.
        kernels: `[batch, height', width', groups * kh * kw]`, or first, the taps of a group together, row by row;
            `height' = ceil(height / stride)`.
        kernel_size: an odd int, or two: the window is centred.
        strides, dilations: an int or two.
        groups: how many kernels a position has.
        data_format: `"channels_last"` or `"channels_first"`.

    Returns:
        `[batch, height', width', channels]`, in the `data_format` of the inputs.

    Raises:
        ValueError: wrong ranks, sizes that do not fit, a kernel size that is even.

    Cost: `height' width' kh kw channels` multiply-adds.

    >>> import tensorflow as tf
    >>> involution(tf.ones([1, 3, 3, 2]), tf.ones([1, 3, 3, 9]), 3)[0, :, :, 0].numpy().tolist()
    [[4.0, 6.0, 4.0], [6.0, 9.0, 6.0], [4.0, 6.0, 4.0]]

    Reference: Li et al., Involution, CVPR 2021, arXiv 2103.06255.
    """
    caller = "involution"
    inputs, kernels = tf.convert_to_tensor(inputs), tf.convert_to_tensor(kernels)
    strides = standardize_ints(strides, 2, "strides", caller)
    dilations = standardize_ints(dilations, 2, "dilations", caller)
    kernel_size = odd(kernel_size, caller)
    first = standardize_data_format(data_format, caller) == "channels_first"
    check_tensors(inputs, kernels, caller)
    if first:
        inputs, kernels = channels_last(inputs), channels_last(kernels)
    check_sizes(inputs, kernels, kernel_size, strides, groups, caller)
    halves = [d * (k - 1) // 2 for k, d in zip(kernel_size, dilations)]
    if any(halves):
        inputs = tf.pad(inputs, [[0, 0], *([h, h] for h in halves), [0, 0]])
    geometry, channels = ConvGeometry(strides, dilations, "VALID"), inputs.shape[-1]
    outputs = differentiable(Slices(kernel_size, groups), inputs, kernels, geometry, kernel_size, channels)
    return channels_first(outputs) if first else outputs


class Slices:
    """The three forms that are each other's gradients, as `differentiable` wants them."""

    def __init__(self, kernel_size, groups):
        self.kernel_size, self.groups = kernel_size, groups

    def stencil(self, geometry, output_size):
        return Stencil(self.kernel_size, geometry.strides, geometry.dilations, output_size, self.groups)

    def conv(self, x, k, geometry):
        stencil = self.stencil(geometry, geometry.output_size(spatial_size(x, 2), self.kernel_size))
        phases, factor = stencil.phases(x), self.factors(k, batch_of(x), stencil)
        total = sum_over(stencil.taps(), lambda tap: stencil.read(phases, tap) * factor(tap))
        return tf.reshape(total, [batch_of(x), *stencil.output_size, x.shape[-1]])

    def input_grad(self, y, k, geometry, input_size):
        stencil = self.stencil(geometry, spatial_size(y, 2))
        factor, cells = self.factors(k, batch_of(y), stencil), stencil.grouped(y)
        readers: dict = {}
        for tap in stencil.taps():
            readers.setdefault(stencil.place(tap)[0], []).append(tap)
        phases = {
            phase: sum_over(taps, lambda tap: stencil.spread(cells * factor(tap), tap))
            for phase, taps in readers.items()
        }
        return stencil.join(phases, input_size)

    def kernel_grad(self, x, y, geometry, kernel_size):
        stencil = self.stencil(geometry, spatial_size(y, 2))
        phases, cells = stencil.phases(x), stencil.grouped(y)
        found: list = []
        for tap in stencil.taps():
            with tf.control_dependencies(found[-1:]):
                found.append(tf.reduce_sum(stencil.read(phases, tap) * cells, -1))
        return tf.reshape(tf.stack(found, -1), [batch_of(y), *stencil.output_size, self.groups * len(found)])

    def factors(self, k, batch, stencil):
        """`tap -> [batch, height, width * groups, 1]`, the tap's factor for each position and group."""
        (rows, columns), taps = stencil.output_size, stencil.taps()
        apart = tf.reshape(k, [batch, rows, columns * self.groups, len(taps)])
        if place.current(k) == "tflite":
            return lambda tap: apart[..., taps.index(tap) : taps.index(tap) + 1]
        by_tap = tf.transpose(apart, [3, 0, 1, 2])  # once, or each tap reads through all of them
        return lambda tap: by_tap[taps.index(tap)][..., tf.newaxis]


def odd(kernel_size, caller):
    sizes = standardize_ints(kernel_size, 2, "kernel_size", caller)
    if not all(k % 2 for k in sizes):
        raise ValueError(
            f"{caller}: `kernel_size` must be odd, for the window is centred. Received: kernel_size={kernel_size!r}."
        )
    return sizes


def check_tensors(inputs, kernels, caller):
    if inputs.shape.rank != 4 or kernels.shape.rank != 4:
        raise ValueError(
            f"{caller}: expected inputs [batch, height, width, channels] and kernels [batch, height, width, groups * taps]. "
            f"Received: inputs of shape {inputs.shape} and kernels of shape {kernels.shape}."
        )
    if inputs.dtype != kernels.dtype or not inputs.dtype.is_floating:
        raise ValueError(
            f"{caller}: inputs and kernels must have the same floating dtype. Received: inputs {inputs.dtype.name}, "
            f"kernels {kernels.dtype.name}. Cast one with tf.cast."
        )


def check_sizes(inputs, kernels, kernel_size, strides, groups, caller):
    channels, taps = inputs.shape[-1], kernel_size[0] * kernel_size[1]
    if not is_int(groups) or groups < 1 or channels is None or channels % groups or kernels.shape[-1] != groups * taps:
        raise ValueError(
            f"{caller}: expected channels divisible by `groups` and kernels with {taps} taps for each group. Received: "
            f"{channels} channels, groups={groups!r}, kernels of shape {kernels.shape}."
        )
    wanted = [inputs.shape[0], *(None if n is None else -(-n // s) for n, s in zip(inputs.shape[1:3], strides))]
    if not kernels.shape[:3].is_compatible_with(wanted):
        raise ValueError(
            f"{caller}: expected one kernel for each of the {wanted[1]}x{wanted[2]} output positions of each sample. "
            f"Received: inputs of shape {inputs.shape}, strides={strides}, kernels of shape {kernels.shape}."
        )
