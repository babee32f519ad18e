"""Versatile filters by their definition, in NumPy: every secondary filter in full size, zeros included."""

import dataclasses

import numpy as np

from tests.oracles import Convolution


@dataclasses.dataclass
class Secondary:
    """`f -> M f`, of which channels from `take` on are put where the input's from `read` on are."""

    mask: np.ndarray
    take: int = 0
    read: int = 0
    width: int = None

    def filters(self, f):
        wide = np.zeros_like(f)
        wide[:, :, self.span(self.read)] = (f * self.mask)[:, :, self.span(self.take)]
        return wide

    def back(self, d):
        """The transpose: what a gradient for the secondary filters means for the primary ones."""
        narrow = np.zeros_like(d)
        narrow[:, :, self.span(self.take)] = d[:, :, self.span(self.read)]
        return narrow * self.mask

    def span(self, start):
        return slice(start, None if self.width is None else start + self.width)


def rings(kernel_size):
    """`M_i(p, q) = 1` where `i <= p <= d + 1 - i`, likewise q, counted from 1."""
    height, width = kernel_size
    p, q = np.arange(1, height + 1)[:, None], np.arange(1, width + 1)[None, :]
    for i in range(1, (min(kernel_size) + 1) // 2 + 1):
        inside = (i <= p) & (p <= height + 1 - i) & (i <= q) & (q <= width + 1 - i)
        yield inside[:, :, None, None].astype("float64")


def runs(channels, width, stride, reading):
    for read in range(0, channels - width + 1, stride):
        yield {"take": read if reading == "masked" else 0, "read": read, "width": width}


def secondary_filters(layer):
    """Those that the layer's arguments ask for, in the order of its outputs."""
    channels = layer.kernel.shape[2]
    whole = [np.ones([*layer.kernel_size, 1, 1])]
    if layer.direction == "learned":
        binary = (np.asarray(layer.secondary.proxy) > 0.5).astype("float64")
        return [Secondary(mask) for mask in np.split(binary, layer.secondary.num_masks, -1)]
    windows = rings(layer.kernel_size) if layer.direction == "spatial" else whole
    if layer.runs["channel_window"] is None:
        return [Secondary(window) for window in windows]
    return [Secondary(window, **run) for window in windows for run in runs(channels, *layer.runs.values())]


class Oracle:
    """Outputs of a built layer without activation, and the gradients of `sum(outputs * cotangent)`; channels last."""

    def __init__(self, layer, size):
        window = {"strides": layer.strides, "dilations": layer.dilation_rate, "padding": layer.padding}
        self.conv = Convolution(size, layer.kernel_size, **window, groups=layer.groups)
        self.layer, self.secondary = layer, secondary_filters(layer)
        self.f, self.bias = np.asarray(layer.kernel), np.asarray(layer.bias)

    def forward(self, x):
        parts = [self.conv.forward(x, self.each(s.filters(self.f), x)) for s in self.secondary]
        return (sum(parts) if self.layer.combine == "sum" else np.concatenate(parts, -1)) + self.bias

    def gradients(self, x, cotangent):
        """(inputs, kernel, bias, [secondary filters])"""
        n = len(self.secondary)
        parts = [cotangent] * n if self.layer.combine == "sum" else np.split(cotangent, n, -1)
        d = [self.conv.kernel_grad(x, part).sum(0) for part in parts]
        inputs = sum(
            self.conv.input_grad(part, self.each(s.filters(self.f), x)) for s, part in zip(self.secondary, parts)
        )
        return inputs, sum(s.back(d_j) for s, d_j in zip(self.secondary, d)), cotangent.sum((0, 1, 2)), d

    def each(self, kernel, x):
        return np.broadcast_to(kernel, (len(x), *kernel.shape))
