"""A window in a kernel: a convolution with the part inside, without multiplying by the zeros outside."""

import dataclasses
import math
import typing

import tensorflow as tf

from tfdynconv.ops.branch_padding import pad_once
from tfdynconv.ops.geometry import ConvGeometry
from tfdynconv.ops.static_conv import static_conv


@dataclasses.dataclass(frozen=True)
class KernelWindow:
    """The box of a kernel that is left when `ring` taps are taken off on each side and some channels are chosen.

    Args:
        ring: taps off at each end of each spatial axis.
        channels: how many channels stay; None for all.
        taken_from: the first of them in the kernel.
        read_from: the first of them in the input.

    >>> import tensorflow as tf
    >>> KernelWindow(ring=1).part(tf.ones([5, 3, 2, 4])).shape
    TensorShape([3, 1, 2, 4])
    """

    ring: int = 0
    channels: typing.Optional[int] = None
    taken_from: int = 0
    read_from: int = 0

    def part(self, kernel):
        """`[*kernel_size, channels, filters]` -> the box alone."""
        taps = (slice(self.ring, -self.ring or None),) * (kernel.shape.rank - 2)
        last = None if self.channels is None else self.taken_from + self.channels
        return kernel[(*taps, slice(self.taken_from, last))] if self != KernelWindow() else kernel

    def embedded(self, kernel):
        """The box with zeros around it, in the size of the kernel, its channels where they read the input."""
        rank, channels = kernel.shape.rank, kernel.shape[-2]
        left = 0 if self.channels is None else channels - self.channels - self.read_from
        return tf.pad(self.part(kernel), [*[[self.ring, self.ring]] * (rank - 2), [self.read_from, left], [0, 0]])

    def conv(self, inputs, kernel, geometry, groups=1):
        """What `embedded(kernel)` gives; at a stride above 1 only after `explicit`.

        A smaller kernel reads the same cells where the input loses `ring` dilated taps at each end. TensorFlow's "SAME" at
        stride 1 does that itself.
        """
        if self.channels is not None:
            inputs = inputs[..., self.read_from : self.read_from + self.channels]
        if self.ring and geometry.padding == "VALID":
            cuts = [self.ring * d for d in geometry.dilations]
            inputs = inputs[(slice(None), *(slice(cut, -cut) for cut in cuts))]
        return static_conv(inputs, self.part(kernel), geometry, groups)

    def multiplied(self, kernel_shape):
        """How many weights of a kernel of this shape the box holds."""
        *kernel_size, channels, filters = kernel_shape
        taps = math.prod(k - 2 * self.ring for k in kernel_size)
        return taps * (channels if self.channels is None else self.channels) * filters


def explicit(inputs, geometry, kernel_size):
    """Give (inputs, geometry) without "SAME" at strides above 1, where it depends on the kernel in more than its sum.

    The smaller kernel's own "SAME" would begin at other cells: 1x1 at stride 2 reads cells 0, 2, ... of an even axis, the
    centre of 3x3 cells 1, 3, ...
    """
    if geometry.padding == "VALID" or max(geometry.strides) == 1:
        return inputs, geometry
    padded = pad_once(inputs, "same", kernel_size, geometry.strides, geometry.dilations)
    return padded, ConvGeometry(geometry.strides, geometry.dilations, "VALID")
