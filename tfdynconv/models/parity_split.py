"""ShuffleNetV2's split of the channels, with its shuffle: even ones to one side, odd ones to the other."""

import keras


@keras.saving.register_keras_serializable(package="tfdynconv")
class ParitySplit(keras.layers.Layer):
    """`[batch, height, width, channels] -> ` two of `[batch, height, width, channels / 2]`: even channels, odd channels.

    Args: none of its own.

    >>> import tensorflow as tf
    >>> even, odd = ParitySplit()(tf.reshape(tf.range(4.0), [1, 1, 1, 4]))
    >>> odd.numpy().ravel().tolist()
    [1.0, 3.0]
    """

    def call(self, inputs):
        return inputs[..., ::2], inputs[..., 1::2]

    def compute_output_shape(self, input_shape):
        *rest, channels = input_shape
        return (*rest, (channels + 1) // 2), (*rest, channels // 2)
