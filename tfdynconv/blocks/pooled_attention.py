"""The small network behind a global mean that tells channels or branches how much they count."""

import keras
import tensorflow as tf

from tfdynconv.blocks.grouped_dense import GroupedDense
from tfdynconv.routing.vector_norm import VectorBatchNormalization


class PooledAttention(keras.layers.Layer):
    """`[batch, channels] -> [batch, units]`: dense, batch normalisation where asked for, activation, dense.

    It runs in float32 under every 16-bit policy: give it `dtype=attention_dtype(policy's compute dtype)`. A batch of one is
    normalised in training with the running statistics, for its own would make the attention the same for every input.
    """

    def __init__(self, hidden_units, units, groups=1, use_bias=True, use_norm=True, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.activation = activation
        arguments = {"groups": groups, "use_bias": use_bias, "dtype": self.dtype_policy}
        self.squeeze = GroupedDense(hidden_units, name="squeeze", **arguments)
        self.excite = GroupedDense(units, name="excite", **arguments)
        self.normalize = VectorBatchNormalization(name="norm", dtype=self.dtype_policy) if use_norm else None

    def build(self, input_shape):
        hidden = (input_shape[0], self.squeeze.units)
        self.squeeze.build(tuple(input_shape))
        self.excite.build(hidden)
        if self.normalize is not None:
            self.normalize.build(hidden)
        super().build(input_shape)

    def call(self, inputs, training=None):
        hidden = self.squeeze(inputs)
        if self.normalize is not None:
            hidden = self.normalize(hidden, training=training)
        return self.excite(hidden if self.activation is None else self.activation(hidden))

    def pool(self, inputs):
        """Global mean: `[batch, height, width, channels] -> [batch, channels]`."""
        return tf.reduce_mean(tf.cast(inputs, self.compute_dtype), [1, 2])

    def cost(self, channels):
        """(parameters, multiply-adds of a sample)."""
        hidden = self.squeeze.units
        norm = 0 if self.normalize is None else 2 * hidden
        (squeeze, first), (excite, second) = self.squeeze.cost(channels), self.excite.cost(hidden)
        return squeeze + norm + excite, first + second


def attention_dtype(compute_dtype):
    return "float64" if compute_dtype == "float64" else "float32"
