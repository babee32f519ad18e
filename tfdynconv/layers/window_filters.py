"""Secondary filters that are windows of a primary one: nested spatial ones, runs of channels, or both."""

import math

import tensorflow as tf

from tfdynconv.ops.kernel_window import KernelWindow, explicit

READINGS = ("sliding", "masked")


class WindowFilters:
    """`rings` are the taps taken off at each border, one entry for each nested window; then the runs of channels."""

    def __init__(self, rings, label, channel_window=None, channel_stride=1, channel_filter="sliding"):
        self.rings, self.label = rings, label
        self.channel_window, self.channel_stride, self.channel_filter = channel_window, channel_stride, channel_filter

    def bind(self, kernel_shape):
        """Nothing to make: the windows are fixed."""

    def least(self):
        """How many secondary filters a primary one has, whatever the number of channels."""
        return len(self.rings)

    def count(self, channels):
        return len(self.windows(channels))

    def windows(self, channels):
        """Spatial ones outermost, as the official code orders the outputs."""
        if self.channel_window is None:
            return [KernelWindow(ring) for ring in self.rings]
        width, stride = self.channel_window, self.channel_stride
        if width > channels or (channels - width) % stride:
            raise ValueError(
                f"{self.label}: the input's channels must be `channel_window` and a multiple of `channel_stride` more. "
                f"Received: {channels} channels, channel_window={width}, channel_stride={stride}. Change one of the two."
            )
        own = self.channel_filter == "masked"
        starts = range(0, channels - width + 1, stride)
        return [KernelWindow(ring, width, start if own else 0, start) for ring in self.rings for start in starts]

    def kernels(self, kernel):
        """The secondary filters in the size of the primary ones."""
        return [window.embedded(kernel) for window in self.windows(kernel.shape[-2])]

    def conv(self, inputs, kernel, geometry, groups):
        """Each window as a smaller convolution of its own: the zeros around it cost nothing."""
        inputs, geometry = explicit(inputs, geometry, tuple(kernel.shape[:-2]))
        parts = [window.conv(inputs, kernel, geometry, groups) for window in self.windows(kernel.shape[-2])]
        return parts[0] if len(parts) == 1 else tf.concat(parts, -1)

    def multiplied(self, kernel_shape):
        """Weights that are multiplied at each output cell."""
        return sum(window.multiplied(kernel_shape) for window in self.windows(kernel_shape[-2]))


def nested(kernel_size):
    """Rings that can be taken off until a side has one or two taps left: `ceil(d / 2)` windows for a side d.

    >>> list(nested((5, 5))), list(nested((4, 4))), list(nested((1, 7)))
    ([0, 1, 2], [0, 1], [0])
    """
    return range(math.ceil(min(kernel_size) / 2))
