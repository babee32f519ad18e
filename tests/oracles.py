"""Per-sample convolution by its definition, in NumPy: what every lowering must compute.

Plain loops over samples, output cells, taps and groups. Nothing is shared with the package, sizes and padding included.
Complex numbers pass too, so that a derivative can be taken with a complex step.
"""

import itertools

import numpy as np


def pads(size, kernel_size, stride, dilation, padding):
    """Zeros before and after one axis; `padding` is a word, an int or a (before, after) pair."""
    extent = (kernel_size - 1) * dilation + 1
    if padding == "valid":
        return 0, 0
    if padding == "same":
        total = max((-(-size // stride) - 1) * stride + extent - size, 0)
        return total // 2, total - total // 2
    if padding == "causal":
        return extent - 1, 0
    return (padding, padding) if isinstance(padding, int) else tuple(padding)


class Convolution:
    """`y[b, o, f] = sum over t, c of x[b, o s + t d - before, c] k[b, t, c, f]`, and its two adjoints.

    `x [batch, *size, channels]`, `k [batch, *kernel_size, channels / groups, filters]`, `y [batch, *output_size, filters]`.
    """

    def __init__(self, size, kernel_size, strides=None, dilations=None, padding="valid", groups=1):
        rank = len(size)
        strides, dilations = strides or (1,) * rank, dilations or (1,) * rank
        paddings = (padding,) * rank if isinstance(padding, (str, int)) else padding
        self.size, self.kernel_size, self.groups = tuple(size), tuple(kernel_size), groups
        sides = [pads(*axis) for axis in zip(size, kernel_size, strides, dilations, paddings)]
        self.output_size = tuple(
            (n + sum(p) - (k - 1) * d - 1) // s + 1
            for n, k, s, d, p in zip(size, kernel_size, strides, dilations, sides)
        )
        self.reads = []  # (output cell, tap, the input cell that they read)
        for cell in itertools.product(*map(range, self.output_size)):
            for tap in itertools.product(*map(range, kernel_size)):
                read = tuple(o * s + t * d - p[0] for o, t, s, d, p in zip(cell, tap, strides, dilations, sides))
                if all(0 <= i < n for i, n in zip(read, size)):
                    self.reads.append((cell, tap, read))

    def forward(self, x, k):
        y = np.zeros((len(x), *self.output_size, k.shape[-1]), np.result_type(x, k))
        for b, channels, filters in self.blocks(x.shape[-1], k):
            for cell, tap, read in self.reads:
                y[(b, *cell)][filters] += x[(b, *read)][channels] @ k[(b, *tap)][:, filters]
        return y

    def input_grad(self, y, k):
        x = np.zeros((len(y), *self.size, k.shape[-2] * self.groups), np.result_type(y, k))
        for b, channels, filters in self.blocks(x.shape[-1], k):
            for cell, tap, read in self.reads:
                x[(b, *read)][channels] += k[(b, *tap)][:, filters] @ y[(b, *cell)][filters]
        return x

    def kernel_grad(self, x, y):
        k = np.zeros((len(x), *self.kernel_size, x.shape[-1] // self.groups, y.shape[-1]), np.result_type(x, y))
        for b, channels, filters in self.blocks(x.shape[-1], k):
            for cell, tap, read in self.reads:
                k[(b, *tap)][:, filters] += np.outer(x[(b, *read)][channels], y[(b, *cell)][filters])
        return k

    def blocks(self, channels, k):
        """Sample by sample and group by group: the channels and the filters that belong together."""
        c, f = channels // self.groups, k.shape[-1] // self.groups
        for b, g in itertools.product(range(len(k)), range(self.groups)):
            yield b, slice(g * c, (g + 1) * c), slice(g * f, (g + 1) * f)


class DepthwiseConvolution(Convolution):
    """`y[b, o, c m + j] = sum over t of x[b, o s + t d - before, c] k[b, t, c, j]`: as many groups as channels."""

    def __init__(self, size, kernel_size, channels, **window):
        super().__init__(size, kernel_size, groups=channels, **window)

    def forward(self, x, k):
        return super().forward(x, self.as_groups(k))

    def input_grad(self, y, k):
        return super().input_grad(y, self.as_groups(k))

    def kernel_grad(self, x, y):
        k = super().kernel_grad(x, y)
        return k.reshape(*k.shape[:-2], self.groups, k.shape[-1] // self.groups)

    def as_groups(self, k):
        return k.reshape(*k.shape[:-2], 1, k.shape[-2] * k.shape[-1])


def rounding(dtype, terms):
    """Relative error that `terms` numbers may carry when added up in a dtype, in any order."""
    unit = {"float64": 2.0**-53, "float32": 2.0**-24, "float16": 2.0**-11, "bfloat16": 2.0**-8}[dtype]
    return 4 * unit * max(terms, 1) ** 0.5 + unit
