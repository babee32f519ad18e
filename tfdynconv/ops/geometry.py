"""Sizes of a convolution: strides, dilations, padding, and the shapes that follow from them."""

import dataclasses
import math
import numbers
import typing

import tensorflow as tf

from tfdynconv.ops.zeros import at_least_zero

PADDINGS = ("valid", "same", "causal")


def is_int(value):
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def standardize_ints(value: typing.Any, rank: int, name: str, caller: str) -> tuple[int, ...]:
    """One positive int per spatial axis, from an int or a sequence of `rank` ints."""
    try:
        values = (value,) * rank if is_int(value) else tuple(value)
    except TypeError:
        values = ()
    if len(values) != rank or not all(is_int(v) and v > 0 for v in values):
        raise ValueError(
            f"{caller}: `{name}` must be a positive int or {rank} of them. Received: {name}={value!r}. "
            f"Pass one int for all axes or one for each of the {rank} spatial axes."
        )
    return tuple(map(int, values))


def standardize_padding(padding, rank, caller):
    """`"valid"`, `"same"`, `"causal"`, or a tuple of one (before, after) pair per axis."""
    if isinstance(padding, str):
        word = padding.lower()
        if word not in PADDINGS:
            raise ValueError(
                f"{caller}: unknown `padding`. Expected 'valid', 'same', 'causal' (1-D), an int, or a (before, after) "
                f"pair per spatial axis. Received: padding={padding!r}."
            )
        if word == "causal" and rank != 1:
            raise ValueError(
                f"{caller}: padding='causal' is defined for 1-D convolutions alone. Received a {rank}-D convolution. "
                "Pass explicit (before, after) pairs instead."
            )
        return word
    try:
        sides = (padding,) * rank if is_int(padding) else tuple(padding)
        pairs = tuple((p, p) if is_int(p) else tuple(p) for p in sides)
    except TypeError:
        pairs = ()
    if len(pairs) != rank or not all(len(p) == 2 and all(is_int(v) and v >= 0 for v in p) for p in pairs):
        raise ValueError(
            f"{caller}: explicit `padding` must be an int or {rank} (before, after) pairs of ints, none negative. "
            f"Received: padding={padding!r}."
        )
    return pairs


def standardize_data_format(data_format, caller):
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(
            f"{caller}: `data_format` must be 'channels_last' or 'channels_first'. Received: data_format={data_format!r}."
        )
    return data_format


@dataclasses.dataclass(frozen=True)
class ConvGeometry:
    """Strides, dilations and TensorFlow's padding word, `"SAME"` or `"VALID"`, of one convolution.

    Explicit padding never reaches a lowering: `fold_padding` turns it into one of the two words and a `tf.pad`.
    """

    strides: tuple
    dilations: tuple
    padding: str

    @property
    def rank(self):
        return len(self.strides)

    @property
    def is_dilated(self):
        return any(d > 1 for d in self.dilations)

    def lifted(self):
        """That of a 1-D convolution as one of height one: any stride serves there, and depthwise ones must be equal."""
        return ConvGeometry(self.strides * 2, (1, *self.dilations), self.padding)

    def extent(self, kernel_size):
        """Input cells that one output cell spans, per axis: `(k - 1) d + 1`."""
        return tuple((k - 1) * d + 1 for k, d in zip(kernel_size, self.dilations))

    def output_size(self, size, kernel_size):
        """Output cells per axis; `size` holds ints, scalar tensors, or None where unknown."""
        return tuple(
            None if n is None else (n + s - 1) // s if self.padding == "SAME" else (n - e + s) // s
            for n, s, e in zip(size, self.strides, self.extent(kernel_size))
        )

    def pad_before(self, size, kernel_size):
        """Zeros before the first cell of each axis (TensorFlow's rule: the smaller half comes first)."""
        if self.padding == "VALID":
            return (0,) * self.rank
        output = self.output_size(size, kernel_size)
        return tuple(
            at_least_zero((o - 1) * s + e - n) // 2
            for n, o, s, e in zip(size, output, self.strides, self.extent(kernel_size))
        )


def cells(size):
    """How many cells axes of these sizes have; None where one is unknown."""
    return None if None in size else math.prod(size)


def spatial_size(tensor, rank, first_axis=1):
    """Per axis: the static size where known, else a scalar tensor."""
    static = tensor.shape[first_axis : first_axis + rank]
    dynamic: typing.Any = None if static.is_fully_defined() else tf.shape(tensor)
    return tuple(n if n is not None else dynamic[first_axis + i] for i, n in enumerate(static))


def fold_padding(inputs, padding, kernel_size, strides, dilations):
    """Give (inputs, geometry): explicit and causal padding as a `tf.pad`, unless it equals `"SAME"`."""
    rank = len(strides)
    if padding == "causal":
        padding = (((kernel_size[0] - 1) * dilations[0], 0),)
    if isinstance(padding, str):
        return inputs, ConvGeometry(strides, dilations, padding.upper())
    geometry = ConvGeometry(strides, dilations, "VALID")
    if not any(map(sum, padding)):
        return inputs, geometry
    centred = all(p == (e // 2, e // 2) for p, e in zip(padding, geometry.extent(kernel_size)))
    odd = all(e % 2 for e in geometry.extent(kernel_size))
    if centred and odd and strides == (1,) * rank:
        return inputs, dataclasses.replace(geometry, padding="SAME")
    return tf.pad(inputs, [[0, 0], *map(list, padding), [0, 0]]), geometry


def output_length(size, kernel_size, stride, dilation, padding):
    """Output cells of one axis for any public padding (`padding` a word or a pair); None stays None."""
    if size is None:
        return None
    extent = (kernel_size - 1) * dilation + 1
    if padding in ("same", "causal"):
        return -(-size // stride)
    before_after = 0 if padding == "valid" else sum(padding)
    return (size + before_after - extent) // stride + 1
