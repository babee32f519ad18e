"""An octave convolution of pairs, dressed as a layer of one tensor, so that the harness can walk it."""

import keras
import tensorflow as tf

from tfdynconv.blocks import OctaveConv2D


@keras.saving.register_keras_serializable(package="tests")
class PairedOctaveConv2D(OctaveConv2D):
    """The input's first channels, at twice its size, are the high tensor, the others the low one; both outputs come back in
    one tensor, the low one doubled."""

    def build(self, input_shape):
        super().build(self.pair_of_shapes(tuple(input_shape)))

    def pair_of_shapes(self, shape):
        channels, size = self.channels(shape), self.space(shape)
        low = int(self.alpha_in * channels)
        twice = [None if n is None else 2 * n for n in size]
        sides = [(channels - low, twice), (low, size)]
        return [(shape[0], c, *n) if self.axis == 1 else (shape[0], *n, c) for c, n in sides]

    @property
    def axis(self):
        return 1 if self.data_format == "channels_first" else -1

    def twice(self, x):
        rows = 2 if self.axis == 1 else 1
        return tf.repeat(tf.repeat(x, 2, rows), 2, rows + 1)

    def call(self, inputs):
        channels = inputs.shape[self.axis]
        low = int(self.alpha_in * channels)
        high, low = tf.split(inputs, [channels - low, low], self.axis)
        outputs = super().call((self.twice(high), low))
        return tf.concat([outputs[0], self.twice(outputs[1])], self.axis) if self.alpha_out else outputs

    def compute_output_shape(self, input_shape):
        high = self.pair_of_shapes(tuple(input_shape))
        outputs = super().compute_output_shape(high)
        shape = list(outputs[0] if self.alpha_out else outputs)
        shape[self.axis] = self.filters
        return tuple(shape)
