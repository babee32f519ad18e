"""CondConv's classifier as the published networks count it: the kernel mixed, the bias not."""

import keras

from tfdynconv.layers import CondDense
from tfdynconv.layers.static_bias import StaticBias


@keras.saving.register_keras_serializable(package="tfdynconv")
class CondClassifier(StaticBias, CondDense):
    """`CondDense` with one bias for all samples: with 1000 classes and 8 experts it has 7000 parameters fewer.

    Args: those of `CondDense`.

    >>> import tensorflow as tf
    >>> layer = CondClassifier(10, num_experts=8)
    >>> layer(tf.ones([2, 64])).shape, layer.cost((None, 64))
    (TensorShape([2, 10]), (5650, 6272))
    """
