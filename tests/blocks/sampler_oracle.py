"""Reading between pixels by its definition, in NumPy: a sum over all pixels, each weighted by how near it is."""

import itertools

import numpy as np

from tests.oracles import pads


def near(coordinate, size):
    return np.maximum(0.0, 1.0 - np.abs(coordinate - np.arange(size)))


def read(image, y, x):
    """`[channels]` of `image [height, width, channels]` at one point, in pixels."""
    return np.einsum("h,w,hwc->c", near(y, image.shape[0]), near(x, image.shape[1]), image)


class Taps:
    """Where the taps of a convolution stand: `for sample, cell, tap, (y, x)`, offsets not counted."""

    def __init__(self, size, kernel_size, strides=(1, 1), dilations=(1, 1), padding="valid"):
        paddings = (padding,) * 2 if isinstance(padding, (str, int)) else padding
        sides = [pads(*axis) for axis in zip(size, kernel_size, strides, dilations, paddings)]
        self.kernel_size, self.strides, self.dilations, self.before = (
            kernel_size,
            strides,
            dilations,
            [p for p, _ in sides],
        )
        self.output_size = tuple(
            (n + sum(p) - (k - 1) * d - 1) // s + 1
            for n, k, s, d, p in zip(size, kernel_size, strides, dilations, sides)
        )

    def __iter__(self):
        for cell in itertools.product(*map(range, self.output_size)):
            for number, tap in enumerate(itertools.product(*map(range, self.kernel_size))):
                where = [
                    o * s + t * d - b for o, s, t, d, b in zip(cell, self.strides, tap, self.dilations, self.before)
                ]
                yield cell, number, tap, where


def deform_conv(x, offsets, kernel, mask=None, groups=1, **window):
    taps = Taps(x.shape[1:3], kernel.shape[:2], **window)
    count, channels, filters = kernel.shape[0] * kernel.shape[1], x.shape[-1], kernel.shape[-1]
    deformable = offsets.shape[-1] // (2 * count)
    y = np.zeros((len(x), *taps.output_size, filters))
    for b in range(len(x)):
        for cell, t, tap, where in taps:
            seen = np.zeros(channels)
            for g in range(deformable):
                own = slice(g * channels // deformable, (g + 1) * channels // deformable)
                down, right = offsets[(b, *cell)][2 * (g * count + t) :][:2]
                factor = 1.0 if mask is None else mask[(b, *cell, g * count + t)]
                seen[own] = factor * read(x[b][..., own], where[0] + down, where[1] + right)
            for g in range(groups):
                c, f = channels // groups, filters // groups
                y[(b, *cell)][g * f : (g + 1) * f] += seen[g * c : (g + 1) * c] @ kernel[tap][:, g * f : (g + 1) * f]
    return y


def slope(function, values, directions, step=1e-5):
    """The derivative along the directions, by a central difference in float64."""
    ends = [function(*(v + sign * step * d for v, d in zip(values, directions))) for sign in (1, -1)]
    return (ends[0] - ends[1]) / (2 * step)
