"""Channel shuffle (ShuffleNet, arXiv 1707.01083): channels of all groups side by side."""

import keras
import tensorflow as tf

from tfdynconv.blocks.base import Block
from tfdynconv.ops.geometry import spatial_size
from tfdynconv.ops.stencil import batch_of


@keras.saving.register_keras_serializable(package="tfdynconv")
class ChannelShuffle(Block):
    """Reorder channels so that the next group convolution reads from all groups of the one before.

    Between two convolutions with `groups`, which would otherwise never exchange anything.

    `y[..., n groups + g] = x[..., g C / groups + n]`: the channels as a table with a row for each group, transposed. A shuffle
    with `C / groups` groups takes it back.

    Args:
        groups: of the convolution before.
        data_format: as in `keras.layers.Conv2D`.

    Call arguments:
        inputs: `[batch, height, width, channels]`, or channels first.

    Shapes: those of the input.

    Raises:
        ValueError: channels that `groups` does not divide.

    Cost: no parameters, no multiply-adds; a copy of the map.

    Reference: Zhang et al., ShuffleNet, arXiv 1707.01083.

    >>> import tensorflow as tf, tfdynconv
    >>> tfdynconv.blocks.ChannelShuffle(2)(tf.reshape(tf.range(6.0), [1, 1, 1, 6])).numpy().ravel().tolist()
    [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]
    """

    def __init__(self, groups, data_format=None, **kwargs):
        super().__init__(data_format=data_format, **kwargs)
        self.groups = self.check_positive("groups", groups)

    def make(self, shape):
        if shape[-1] % self.groups:
            raise ValueError(
                f"{self.label}: the input's channels must be divisible by `groups`. Received: {shape[-1]} channels, "
                f"groups={self.groups}."
            )

    def run(self, inputs, training):
        batch, (rows, columns), channels = batch_of(inputs), spatial_size(inputs, 2), inputs.shape[-1]
        table = tf.reshape(inputs, [batch, rows * columns, self.groups, channels // self.groups])
        return tf.reshape(tf.transpose(table, [0, 1, 3, 2]), [batch, rows, columns, channels])

    def count(self, shape):
        return 0, 0

    def get_config(self):
        return {**super().get_config(), "groups": self.groups}
