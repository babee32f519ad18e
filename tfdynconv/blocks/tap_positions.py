"""Where the taps of an active convolution stand, and the ordinary kernel that reads the same."""

import dataclasses

import keras
import numpy as np


class TapPositions(keras.layers.Layer):
    """The offsets, a weight that stays in float32 at least when its owner computes in 16 bits."""

    def __init__(self, shape, initializer, regularizer, constraint, **kwargs):
        super().__init__(**kwargs)
        self.shape = shape
        self.initializer = keras.initializers.get(initializer)
        self.regularizer = keras.regularizers.get(regularizer)
        self.constraint = keras.constraints.get(constraint)

    def build(self, input_shape=None):
        self.offsets = self.add_weight(
            name="offsets",
            shape=self.shape,
            initializer=self.initializer,
            regularizer=self.regularizer,
            constraint=self.constraint,
        )
        super().build(input_shape)

    def arguments(self):
        """For its owner's config."""
        return {
            "offset_initializer": keras.initializers.serialize(self.initializer),
            "offset_regularizer": keras.regularizers.serialize(self.regularizer),
            "offset_constraint": keras.constraints.serialize(self.constraint),
        }


@dataclasses.dataclass(frozen=True)
class LargerWindow:
    """`start` and `size` of a kernel that reaches all taps, its first cell counted from the first tap, and its padding."""

    start: tuple
    size: tuple
    padding: object


def larger_window(layer, offsets):
    """The window of the convolution that a layer with these offsets, `[..., *kernel_size, 2]`, computes."""
    extents = extent(layer)
    first, last = zip(*(reach(layer, offsets[..., axis], axis) for axis in range(2)))
    pads = [fixed_padding(layer, axis) for axis in range(2)]
    if None not in pads:
        first = [min(f, before) for f, (before, _) in zip(first, pads)]
        last = [max(n, e - 1 - after) for n, e, (_, after) in zip(last, extents, pads)]
        padding = tuple((b - f, a - e + 1 + n) for f, n, e, (b, a) in zip(first, last, extents, pads))
        return LargerWindow(tuple(first), tuple(n - f + 1 for f, n in zip(first, last)), padding)
    # the padding depends on the image's size, in the same way for a kernel that grows equally on both sides
    more = [max(-f, n - e + 1, 0) for f, n, e in zip(first, last, extents)]
    return LargerWindow(tuple(-m for m in more), tuple(e + 2 * m for e, m in zip(extents, more)), "same")


def reach(layer, offsets, axis):
    """The first and the last cell that taps read along an axis, counted from where the first tap stands without offset."""
    taps = np.arange(layer.kernel_size[axis]) * layer.dilation_rate[axis]
    where = offsets + (taps if axis == 1 else taps[:, np.newaxis])
    return int(np.floor(where.min())), int(np.ceil(where.max()))


def extent(layer):
    return [(k - 1) * d + 1 for k, d in zip(layer.kernel_size, layer.dilation_rate)]


def fixed_padding(layer, axis):
    """(before, after), or None where it depends on the size of the image."""
    total = extent(layer)[axis] - 1
    if layer.padding == "valid":
        return 0, 0
    if layer.padding != "same":
        return layer.padding[axis]
    if layer.strides[axis] == 1:
        return total // 2, total - total // 2
    return (0, total) if total <= 1 else None


def keeps_padding(layer):
    """Whether a larger kernel can be padded as that of the layer is: "same" pads nothing where strides leave cells out."""
    if None not in (fixed_padding(layer, axis) for axis in range(2)):
        return True
    return all(e >= s for e, s in zip(extent(layer), layer.strides))


def moved_kernel(kernel, offsets, dilations, window):
    """`kernel [height, width, ...]` with each tap's weights shared out to the four cells around where it stands."""
    larger = np.zeros([*window.size, *kernel.shape[2:]], kernel.dtype)
    for tap in np.ndindex(*kernel.shape[:2]):
        (top, down), (left, right) = (
            divmod(t * d + o - f, 1.0) for t, d, o, f in zip(tap, dilations, offsets[tap], window.start)
        )
        for y, vertical in ((int(top), 1 - down), (int(top) + 1, down)):
            for x, horizontal in ((int(left), 1 - right), (int(left) + 1, right)):
                if vertical * horizontal:
                    larger[y, x] += vertical * horizontal * kernel[tap]
    return larger
