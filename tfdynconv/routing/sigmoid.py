"""CondConv's routing (arXiv 1904.04971): global mean, one dense layer, sigmoid."""

import keras
import tensorflow as tf

from tfdynconv.routing.base import Routing


@keras.saving.register_keras_serializable(package="tfdynconv")
class SigmoidRouting(Routing):
    """`a = sigmoid(mean(x) R + r)`: independent coefficients between 0 and 1.

    Args:
        num_kernels, data_format: see `Routing`.

    Shapes: `[batch, *space, channels] -> [batch, num_kernels]`.

    Cost: `num_kernels (channels + 1)` parameters, `num_kernels channels` multiply-adds.

    >>> import tensorflow as tf, tfdynconv
    >>> tfdynconv.routing.SigmoidRouting(4)(tf.zeros([2, 8, 8, 3])).numpy()[0]
    array([0.5, 0.5, 0.5, 0.5], dtype=float32)
    """

    def build(self, input_shape):
        super().build(input_shape)
        self.dense = keras.layers.Dense(self.num_kernels, name="dense", dtype=self.compute_dtype)
        self.dense.build((None, self.channels(input_shape)))

    def call(self, inputs):
        return tf.sigmoid(self.dense(self.pool(inputs)))

    def cost(self, channels):
        return self.num_kernels * (channels + 1), self.num_kernels * channels
