"""Batch normalisation of pooled vectors that keeps telling samples apart in a batch of one."""

import typing

import keras
import tensorflow as tf

from tfdynconv import _compat
from tfdynconv.ops.types import Shape, Tensor


@keras.saving.register_keras_serializable(package="tfdynconv")
class VectorBatchNormalization(keras.layers.Layer):
    """Batch normalisation of `[batch, units]`, as published (PyTorch's rule), and defined for one sample.

    In training it normalises with the mean and variance of the batch, at inference with the running ones. A batch of one has
    no variance: normalised by itself it is always zero, and everything computed from it forgets the input. There the running
    statistics are used in training too; they learn from the sample's distance to the running mean.

    Under a `tf.distribute` strategy the batch is the global one: the replicas add up their sums, `[units]` numbers twice a
    step, and all of them move their running statistics to the same values.

    Args:
        momentum: share of the running statistics that a step keeps; PyTorch's 0.1 is 0.9 here.
        epsilon: added to the variance.

    Shapes: `[batch, units] -> [batch, units]`.

    >>> import tensorflow as tf
    >>> VectorBatchNormalization()(tf.constant([[3.0], [5.0]]), training=True).numpy().round(3).tolist()
    [[-1.0], [1.0]]
    >>> VectorBatchNormalization()(tf.constant([[3.0]]), training=True).numpy().round(3).tolist()
    [[3.0]]
    """

    def __init__(self, momentum: float = 0.9, epsilon: float = 1e-5, **kwargs: typing.Any) -> None:
        super().__init__(**kwargs)
        self.momentum, self.epsilon = momentum, epsilon

    def build(self, input_shape: Shape) -> None:
        shape = (input_shape[-1],)
        self.gamma = self.add_weight(name="gamma", shape=shape, initializer="ones")
        self.beta = self.add_weight(name="beta", shape=shape, initializer="zeros")
        self.moving_mean = self.add_weight(name="moving_mean", shape=shape, initializer="zeros", trainable=False)
        self.moving_variance = self.add_weight(name="moving_variance", shape=shape, initializer="ones", trainable=False)
        super().build(input_shape)

    def call(self, inputs: Tensor, training: typing.Optional[bool] = None) -> Tensor:
        mean, variance = _compat.values(self.moving_mean), _compat.values(self.moving_variance)
        if training:
            mean, variance = self.of_batch(inputs, mean, variance)
        scale = _compat.values(self.gamma) * tf.math.rsqrt(variance + self.epsilon)
        return (inputs - mean) * scale + _compat.values(self.beta)

    def of_batch(self, inputs: Tensor, running_mean: Tensor, running_variance: Tensor) -> tuple:
        """Mean and variance to normalise with; moves the running ones."""
        count, total = over_replicas([tf.cast(tf.shape(inputs)[0], inputs.dtype), tf.reduce_sum(inputs, 0)])
        is_single = count < 2
        mean = total / count
        around = [tf.reduce_sum(tf.square(inputs - centre), 0) for centre in (mean, running_mean)]
        squares, from_running = over_replicas(around)
        variance = squares / count
        unbiased = squares / tf.maximum(count - 1, 1)
        self.move(self.moving_mean, running_mean, mean, count)
        self.move(self.moving_variance, running_variance, tf.where(is_single, from_running, unbiased), count)
        return tf.where(is_single, running_mean, mean), tf.where(is_single, running_variance, variance)

    def move(self, weight: typing.Any, old: Tensor, new: Tensor, count: Tensor) -> None:
        """Towards `new`; not at all after an empty batch."""
        moved = self.momentum * old + (1 - self.momentum) * tf.stop_gradient(new)
        weight.assign(tf.where(count > 0, moved, old))

    def get_config(self) -> dict:
        return {**super().get_config(), "momentum": self.momentum, "epsilon": self.epsilon}


def over_replicas(tensors: list) -> list:
    """The sums of each over all replicas of the strategy that runs this, if one does."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return tensors
    return context.all_reduce(tf.distribute.ReduceOp.SUM, tensors)
