"""Rows: for a phone, one matrix product for each row of the kernel, shifted and added up.

The input's columns are joined for the kernel's width once, `kw` times the input instead of the `kh kw` of whole patches;
the kernel's rows then multiply them all, and what is shifted is the product. XNNPACK takes all of it in one piece: it has no
slices with strides (a reshape puts the columns or rows that a stride skips beside one another), none that drop an axis,
and no concatenation of more than five.
"""

import tensorflow as tf

from tfdynconv.ops.geometry import spatial_size
from tfdynconv.ops.lowerings.matmul import Matmul
from tfdynconv.ops.zeros import fit

MOST_JOINED = 4


class Rows(Matmul):
    def conv(self, x, k, geometry):
        output = geometry.output_size(spatial_size(x, geometry.rank), k.shape[1:-2])
        if geometry.rank != 2 or (k.shape[1] == 1 and output[0] == output[1] == 1):
            return super().conv(x, k, geometry)
        _, height, width, channels, filters = k.shape
        rows, columns = output
        stride, dilation = geometry.strides[0], geometry.dilations[0]
        joined = joined_columns(x, (height, width), geometry, output)
        # rows of the image are the batch of a product of rank 4: reshapes to rank 3 would copy the maps
        matrices = tf.reshape(k, [-1, height, width * channels, filters])
        total = None
        for i in range(height):
            matrix = matrices if height == 1 else matrices[:, i : i + 1]
            if stride == 1:  # the product is shifted, whose rows are shorter than the patches'
                product = tf.matmul(joined, matrix)
                if height > 1:
                    product = product[:, i * dilation : i * dilation + rows]
            else:
                offset, slot = divmod(i * dilation, stride)
                product = tf.matmul(joined[:, offset : offset + rows, slot * columns : (slot + 1) * columns], matrix)
            total = product if total is None else total + product
        return total


def joined_columns(x, kernel_size, geometry, output):
    """`[batch, rows, columns, kernel width * channels]`: all rows that are read, in the height's stride s those of
    `[batch, rows / s, s * columns, ...]`; the output's columns."""
    (row_stride, stride), dilation = geometry.strides, geometry.dilations[1]
    read = [(o - 1) * s + e for o, s, e in zip(output, geometry.strides, geometry.extent(kernel_size))]
    whole = [-(-n // s) * s for n, s in zip(read, geometry.strides)]
    padded = fit(x, geometry.pad_before(spatial_size(x, 2), kernel_size), whole)
    channels = x.shape[-1]
    batch = x.shape[0] if x.shape[0] is not None else tf.shape(x)[0]
    if stride > 1:
        padded = tf.reshape(padded, [batch, whole[0], whole[1] // stride, stride * channels])
    columns = output[1]
    parts = []
    for j in range(kernel_size[1]):
        offset, slot = divmod(j * dilation, stride)
        parts.append(padded[:, :, offset : offset + columns, slot * channels : (slot + 1) * channels])
    joined = padded if kernel_size[1] == stride == 1 else join(parts)
    if row_stride == 1:
        return joined
    return tf.reshape(joined, [batch, whole[0] // row_stride, row_stride * columns, kernel_size[1] * channels])


def join(parts):
    """Concatenate along the last axis, a few at a time."""
    while len(parts) > 1:
        parts = [together(parts[i : i + MOST_JOINED]) for i in range(0, len(parts), MOST_JOINED)]
    return parts[0]


def together(parts):
    return parts[0] if len(parts) == 1 else tf.concat(parts, -1)
