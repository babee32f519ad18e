"""The input of a 2-D convolution as each tap of its kernel sees it: one shifted slice a tap, without ever copying a patch.

With strides the input is first taken apart into its phases, the cells that lie a stride apart, by reshapes: then every tap
reads a plain slice of one phase. A phone's delegate has no slices with strides, and their gradients are slow elsewhere.
"""

import dataclasses
import itertools

import tensorflow as tf

from tfdynconv.ops.geometry import spatial_size
from tfdynconv.ops.zeros import fit


def tap_slices(padded, kernel_size, strides, dilations, output_size):
    """Yield, tap by tap in rows, the cells of `[batch, height, width, channels]` that the tap reads for every output cell.

    Args:
        padded: the input with its padding.
        output_size: output cells per axis, ints or scalar tensors.

    >>> import tensorflow as tf
    >>> [int(cells[0, 0, 0, 0]) for cells in tap_slices(tf.reshape(tf.range(9), [1, 3, 3, 1]), (2, 2), (1, 1), (1, 1), (2, 2))]
    [0, 1, 3, 4]
    """
    stencil = Stencil(tuple(kernel_size), tuple(strides), tuple(dilations), tuple(output_size))
    phases = stencil.phases(padded)
    for tap in stencil.taps():
        yield stencil.read(phases, tap)


@dataclasses.dataclass(frozen=True, eq=False)
class Stencil:
    """Where the taps of a window read.

    Args:
        kernel_size, strides, dilations: one int per axis.
        output_size: output cells per axis, ints or scalar tensors.
        groups: give and take maps as `[batch, height, width * groups, channels / groups]`, which is a reshape: a factor for
            each cell and group then needs no rank above 4.
    """

    kernel_size: tuple
    strides: tuple
    dilations: tuple
    output_size: tuple
    groups: int = 1

    def taps(self):
        return list(itertools.product(*map(range, self.kernel_size)))

    def place(self, tap):
        """(phase, where its first cell lies in the phase) of a tap."""
        steps = [divmod(t * d, s) for t, d, s in zip(tap, self.dilations, self.strides)]
        return tuple(phase for _, phase in steps), tuple(offset for offset, _ in steps)

    def phase_size(self):
        """Cells per axis that are read of a phase, at most."""
        reach = [((k - 1) * d) // s for k, d, s in zip(self.kernel_size, self.dilations, self.strides)]
        return tuple(o + r for o, r in zip(self.output_size, reach))

    def phases(self, padded):
        """`{phase: cells}` of the input."""
        (down, across), (rows, columns) = self.strides, self.phase_size()
        channels, batch = padded.shape[-1], batch_of(padded)
        if down == across == 1:
            return {(0, 0): self.grouped(padded)}
        padded = fit(padded, (0, 0), (rows * down, columns * across))
        wide = tf.reshape(padded, [batch, rows * down, columns, across * channels])
        found = {}
        for b in range(across):
            tall = wide[..., b * channels : (b + 1) * channels]
            tall = tf.reshape(tall, [batch, rows, down * columns, channels])
            for a in range(down):
                found[a, b] = self.grouped(tall[:, :, a * columns : (a + 1) * columns])
        return found

    def join(self, phases, size):
        """The transpose of `phases`: an input of this size, from what each phase got; where none read, zeros."""
        (down, across), (rows, columns) = self.strides, self.phase_size()
        some = next(iter(phases.values()))
        channels, batch = some.shape[-1] * self.groups, batch_of(some)
        none = tf.zeros_like(some)
        parts = [
            [tf.reshape(phases.get((a, b), none), [batch, rows, columns, channels]) for b in range(across)]
            for a in range(down)
        ]
        talls = [joined([parts[a][b] for a in range(down)], 2) for b in range(across)]
        wide = joined([tf.reshape(tall, [batch, rows * down, columns, channels]) for tall in talls], 3)
        return fit(tf.reshape(wide, [batch, rows * down, columns * across, channels]), (0, 0), size)

    def read(self, phases, tap):
        phase, (row, column) = self.place(tap)
        rows, columns = self.output_size
        return phases[phase][:, row : row + rows, column * self.groups : (column + columns) * self.groups]

    def spread(self, cells, tap):
        """The transpose of `read`: cells of the output's size at their place in the tap's phase, which is zero elsewhere."""
        offsets = self.place(tap)[1]
        rest = [n - o - f for n, o, f in zip(self.phase_size(), self.output_size, offsets)]
        (row, column), (below, right) = offsets, rest
        return tf.pad(cells, [[0, 0], [row, below], [column * self.groups, right * self.groups], [0, 0]])

    def grouped(self, cells):
        """`[batch, height, width, channels] -> [batch, height, width * groups, channels / groups]`."""
        if self.groups == 1:
            return cells
        rows, columns = spatial_size(cells, 2)
        return tf.reshape(cells, [batch_of(cells), rows, columns * self.groups, cells.shape[-1] // self.groups])


def sum_over(taps, part):
    """The sum of `part(tap)`, made one after the other and added pair by pair.

    Left alone TensorFlow would make all parts first, and hold as much as patches do. Sums of pairs are of like sizes, which
    costs few bits where they are rounded to 16 or 8.
    """
    sums: list = []
    for count, tap in enumerate(taps, start=1):
        with tf.control_dependencies(sums[-1:]):
            total = part(tap)
        while count % 2 == 0:
            total, count = sums.pop() + total, count // 2
        sums.append(total)
    total = sums.pop()
    while sums:
        total = sums.pop() + total
    return total


def batch_of(tensor):
    return tensor.shape[0] if tensor.shape[0] is not None else tf.shape(tensor)[0]


def joined(parts, axis):
    return parts[0] if len(parts) == 1 else tf.concat(parts, axis)
