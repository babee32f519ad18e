"""Deformable convolution: each tap reads where an offset of its own sends it."""

import tensorflow as tf

from tfdynconv.ops.geometry import (
    ConvGeometry,
    spatial_size,
    standardize_data_format,
    standardize_ints,
    standardize_padding,
)
from tfdynconv.ops.per_sample_conv import channels_first, channels_last, check_groups
from tfdynconv.ops.sampling import sample
from tfdynconv.ops.types import Ints, Padding, Tensor


def deform_conv(
    inputs: Tensor,
    offsets: Tensor,
    kernel: Tensor,
    mask: Tensor = None,
    strides: Ints = 1,
    padding: Padding = "valid",
    dilations: Ints = 1,
    groups: int = 1,
    data_format: str = "channels_last",
) -> Tensor:
    """Convolve with taps that read between the pixels, each moved by an offset, and weighted by a mask if there is one.

    `y[o, f] = sum over taps t and channels c of m[o, t] x(o s + t d - before + offset[o, t], c) kernel[t, c, f]`, with stride
    s, dilation d and x read by `sampling.sample`, bilinearly with zeros around the image. Offsets of zero make it a
    convolution. Gradients of every order are exact for inputs, offsets, kernel and mask.

    Args:
        inputs: `[batch, height, width, channels]`, or channels first.
        offsets: `[batch, height', width', deformable groups * taps * 2]`, in pixels: for each group of channels and each tap,
            in rows, first the vertical one, then the horizontal. How many deformable groups there are follows from it.
            Of any float dtype; coordinates are float32 at least.
        kernel: `[*kernel_size, channels / groups, filters]`, of the inputs' dtype.
        mask: `[batch, height', width', deformable groups * taps]`, or None.
        strides, dilations: an int or one for each axis; both may be above 1.
        padding: `"valid"`, `"same"`, an int, or a (before, after) pair per axis.
        groups: of the convolution; independent of the deformable groups.
        data_format: of inputs, offsets, mask and outputs.

    Returns:
        `[batch, height', width', filters]`, in the `data_format` of the inputs.

    Raises:
        ValueError: wrong ranks, sizes or dtypes, channels that cannot be divided into the groups.

    Cost, for an output pixel: 4 taps channels multiply-adds of sampling beside those of the convolution, and in memory
    the value that each tap reads, taps times the input.

    >>> import tensorflow as tf
    >>> x, right = tf.constant([[[[1.0], [2.0], [4.0]]]]), tf.constant([0.0, 0.5])
    >>> deform_conv(x, tf.broadcast_to(right, [1, 1, 3, 2]), tf.ones([1, 1, 1, 1])).numpy().ravel().tolist()
    [1.5, 3.0, 2.0]

    Reference: Dai et al., Deformable Convolutional Networks, arXiv 1703.06211; with a mask Zhu et al., arXiv 1811.11168.
    """
    caller = "deform_conv"
    standardize_data_format(data_format, caller)
    inputs, offsets, kernel = map(tf.convert_to_tensor, (inputs, offsets, kernel))
    mask = None if mask is None else tf.convert_to_tensor(mask)
    check_tensors(inputs, offsets, kernel, mask, caller)
    if data_format == "channels_first":
        inputs, offsets = channels_last(inputs), channels_last(offsets)
        mask = None if mask is None else channels_last(mask)
    window = Window(strides, padding, dilations, inputs, kernel.shape[:2], caller)
    check_groups(inputs.shape[-1], kernel.shape, groups, caller)
    deformable = check_offsets(offsets, mask, window, inputs.shape[-1], caller)
    y, x = (by_point(offsets[..., axis::2], window, deformable) for axis in range(2))
    rows, columns = window.coordinates(y.dtype)
    weights = None if mask is None else points(by_point(mask, window, deformable))
    values = sample(inputs, points(y + rows), points(x + columns), weights)
    outputs = tf.reshape(products(values, kernel, groups), [window.batch, *window.output_size, kernel.shape[-1]])
    return channels_first(outputs) if data_format == "channels_first" else outputs


class Window:
    """Where the taps of a convolution stand on its input."""

    def __init__(self, strides, padding, dilations, inputs, kernel_size, caller):
        self.strides = standardize_ints(strides, 2, "strides", caller)
        self.dilations = standardize_ints(dilations, 2, "dilations", caller)
        padding = standardize_padding(padding, 2, caller)
        self.kernel_size = tuple(kernel_size)
        geometry = ConvGeometry(self.strides, self.dilations, "SAME" if padding == "same" else "VALID")
        self.batch, *size = spatial_size(inputs, 3, 0)
        self.before = geometry.pad_before(size, self.kernel_size)
        if not isinstance(padding, str):
            self.before = tuple(before for before, _ in padding)
            size = [n + sum(pair) for n, pair in zip(size, padding)]
        self.output_size = geometry.output_size(size, self.kernel_size)
        if any(isinstance(n, int) and n < 1 for n in self.output_size):
            raise ValueError(
                f"{caller}: the kernel is larger than the (padded) input, so the output would be empty. Received: spatial "
                f"size {tuple(inputs.shape[1:3])}, kernel size {self.kernel_size}, dilations {self.dilations}. Use "
                "padding='same' or a smaller kernel."
            )

    @property
    def taps(self):
        return self.kernel_size[0] * self.kernel_size[1]

    @property
    def pixels(self):
        return self.output_size[0] * self.output_size[1]

    def coordinates(self, dtype):
        """(vertical, horizontal) `[pixels, taps, 1]`: where a tap without an offset reads, counted in the unpadded input."""
        found = []
        for axis in range(2):
            cells = tf.range(self.output_size[axis]) * self.strides[axis] - self.before[axis]
            reads = cells[:, tf.newaxis] + tf.range(self.kernel_size[axis]) * self.dilations[axis]
            apart = tf.expand_dims(tf.expand_dims(reads, 1 - axis), 3 - axis)
            every = tf.broadcast_to(apart, [*self.output_size, *self.kernel_size])
            found.append(tf.cast(tf.reshape(every, [self.pixels, self.taps, 1]), dtype))
        return found


def by_point(tensor, window, groups):
    """`[batch, height', width', groups * taps] -> [batch, pixels, taps, groups]`, float32 at least."""
    tensor = tensor if tensor.dtype == tf.float64 else tf.cast(tensor, tf.float32)
    if groups == 1:
        return tf.reshape(tensor, [window.batch, window.pixels, window.taps, 1])
    apart = tf.reshape(tensor, [window.batch, window.pixels, groups, window.taps])
    return tf.transpose(apart, [0, 1, 3, 2])


def points(tensor):
    """`[batch, pixels, taps, groups] -> [batch, points, groups]`."""
    batch, pixels, taps, groups = spatial_size(tensor, 4, 0)
    return tf.reshape(tensor, [batch, pixels * taps, groups])


def products(values, kernel, groups):
    """The values that the taps read, `[batch, points, channels]`, times the kernel: `[batch * pixels, filters]`."""
    taps, channels, filters = kernel.shape[0] * kernel.shape[1], kernel.shape[2], kernel.shape[3]
    if groups == 1:
        return tf.matmul(tf.reshape(values, [-1, taps * channels]), tf.reshape(kernel, [-1, filters]))
    apart = tf.transpose(tf.reshape(values, [-1, taps, groups, channels]), [2, 0, 1, 3])
    kernels = tf.transpose(tf.reshape(kernel, [taps, channels, groups, filters // groups]), [2, 0, 1, 3])
    flat = tf.reshape(kernels, [groups, taps * channels, filters // groups])
    outputs = tf.matmul(tf.reshape(apart, [groups, -1, taps * channels]), flat)
    return tf.reshape(tf.transpose(outputs, [1, 0, 2]), [-1, filters])


def check_tensors(inputs, offsets, kernel, mask, caller):
    shapes = {"inputs": inputs, "offsets": offsets, "kernel": kernel, **({} if mask is None else {"mask": mask})}
    if any(t.shape.rank != 4 for t in shapes.values()):
        raise ValueError(
            f"{caller}: expected inputs [batch, height, width, channels], offsets and mask of rank 4 too, and a kernel "
            "[height, width, channels / groups, filters]. Received: shapes "
            f"{', '.join(f'{name} {t.shape}' for name, t in shapes.items())}."
        )
    if inputs.dtype != kernel.dtype or not all(t.dtype.is_floating for t in shapes.values()):
        raise ValueError(
            f"{caller}: inputs and kernel must have the same floating dtype, offsets and mask a floating one. Received: "
            f"{', '.join(f'{name} {t.dtype.name}' for name, t in shapes.items())}. Cast with tf.cast."
        )
    if not kernel.shape.is_fully_defined() or 0 in kernel.shape:
        raise ValueError(
            f"{caller}: the kernel's sizes must be known and at least 1. Received: a kernel of shape {kernel.shape}."
        )


def check_offsets(offsets, mask, window, channels, caller):
    """How many groups of channels have offsets of their own."""
    count, taps = offsets.shape[-1], window.taps
    groups = 0 if count is None or count % (2 * taps) else count // (2 * taps)
    if not groups or channels % groups:
        raise ValueError(
            f"{caller}: expected offsets with 2 x {taps} numbers (vertical and horizontal for each tap) for each deformable "
            f"group, and channels divisible by the groups. Received: offsets of shape {offsets.shape}, {channels} channels."
        )
    size = [n if isinstance(n, int) else None for n in (window.batch, *window.output_size)]
    for name, tensor, last in (("offsets", offsets, count), ("mask", mask, groups * taps)):
        if tensor is not None and not tensor.shape.is_compatible_with([*size, last]):
            raise ValueError(
                f"{caller}: expected `{name}` of shape {tuple([*size, last])}, a number for each output pixel and tap. "
                f"Received: shape {tuple(tensor.shape)}. Make it with a convolution of the same kernel size, strides, padding "
                "and dilations."
            )
    return groups
