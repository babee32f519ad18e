"""Layers that each break one promise, for `test_harness_catches.py`."""

import itertools

import keras
import tensorflow as tf

from tfdynconv import CondConv2D, MixtureConv2D
from tfdynconv.ops.place import compiled_by_xla
from tfdynconv.routing import Routing, SoftmaxRouting

numbers = itertools.count()


def registered(cls):
    return keras.saving.register_keras_serializable(package="tests")(cls)


@registered
class Gain(keras.layers.Layer):
    """A layer with nothing wrong, for the others to deviate from: `y = gain x (1 + mean(x))`."""

    def __init__(self, gain=1.0, **kwargs):
        super().__init__(**kwargs)
        self.gain = gain

    def build(self, input_shape):
        self.scale = self.add_weight(name="scale", shape=(input_shape[-1],), initializer="ones")
        super().build(input_shape)

    def call(self, inputs):
        return self.gain * inputs * tf.convert_to_tensor(self.scale) * (1.0 + self.mean(inputs))

    def mean(self, inputs):
        return tf.reduce_mean(inputs, [1, 2], keepdims=True)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "gain": self.gain}


@registered
class ConfigKeyForgotten(Gain):
    def get_config(self):
        config = super().get_config()
        del config["gain"]
        return config


@registered
class ConfigValueLost(Gain):
    def get_config(self):
        return {**super().get_config(), "gain": 1.0}


@registered
class NameLost(Gain):
    @classmethod
    def from_config(cls, config):
        return cls(gain=config["gain"])


class NotRegistered(Gain):
    pass


@registered
class WeightMadeInCall(Gain):
    """Leaves the building of what it owns to the first call."""

    def __init__(self, gain=1.0, **kwargs):
        super().__init__(gain, **kwargs)
        self.late = keras.layers.Dense(4)

    def call(self, inputs):
        return self.late(super().call(inputs))


@registered
class WeightNotSaved(Gain):
    def build(self, input_shape):
        super().build(input_shape)
        self.hidden = tf.random.stateless_normal([input_shape[-1]], [next(numbers), 0])

    def call(self, inputs):
        return super().call(inputs) * self.hidden


@registered
class WrongOutputShape(Gain):
    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] + 1)


@registered
class SizeFrozen(Gain):
    """Takes the size that it is built with for that of every input."""

    def build(self, input_shape):
        super().build(input_shape)
        self.cells = float((input_shape[1] or 1) * (input_shape[2] or 1))

    def mean(self, inputs):
        return tf.reduce_sum(inputs, [1, 2], keepdims=True) / self.cells


@registered
class SamplesMixed(Gain):
    def mean(self, inputs):
        return tf.reduce_mean(inputs, keepdims=True)


@registered
class EagerOnly(Gain):
    def mean(self, inputs):
        return super().mean(inputs) if tf.executing_eagerly() else 0.0


@registered
class WrongUnderXla(Gain):
    def mean(self, inputs):
        mean = super().mean(inputs)
        return mean if tf.executing_eagerly() or not compiled_by_xla(inputs.graph) else 2 * mean


@registered
class WrongGradient(Gain):
    def mean(self, inputs):
        mean = super().mean(inputs)
        return mean if tf.executing_eagerly() else tf.stop_gradient(mean)


@registered
class GradientDead(Gain):
    def call(self, inputs):
        return 0.0 * super().call(inputs) + inputs


@registered
class RoutingDead(MixtureConv2D):
    def coefficients(self, inputs, given, dtype):
        return tf.stop_gradient(super().coefficients(inputs, given, dtype))


@registered
class HalfPrecisionRouting(Routing):
    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "mixed_float16"})

    def build(self, input_shape):
        super().build(input_shape)
        self.dense = keras.layers.Dense(self.num_kernels, dtype="mixed_float16")
        self.dense.build((None, self.channels(input_shape)))

    def call(self, inputs):
        return tf.sigmoid(self.dense(self.pool(inputs)))


@registered
class Float32Outputs(Gain):
    def call(self, inputs):
        return tf.cast(super().call(inputs), tf.float32)


@registered
class BatchNormalisedRouting(Routing):
    """As in published modules: with batch 1 every normalised value is zero."""

    def build(self, input_shape):
        super().build(input_shape)
        self.dense = keras.layers.Dense(self.num_kernels)
        self.dense.build((None, self.channels(input_shape)))

    def call(self, inputs, training=False):
        pooled = self.pool(inputs)
        if training:
            pooled -= tf.reduce_mean(pooled, 0, keepdims=True)
        return tf.sigmoid(self.dense(pooled))


@registered
class FrozenTemperature(SoftmaxRouting):
    """Reads the value that the temperature has when it is traced."""

    def call(self, inputs):
        with tf.init_scope():
            temperature = float(self.temperature.numpy())
        return tf.nn.softmax(self.excite(self.squeeze(self.pool(inputs))) / temperature)


@registered
class PythonTemperature(Routing):
    """A number in place of a variable, as in ports of the PyTorch modules."""

    temperature = 30.0

    def build(self, input_shape):
        super().build(input_shape)
        self.dense = keras.layers.Dense(self.num_kernels)
        self.dense.build((None, self.channels(input_shape)))

    def call(self, inputs):
        return tf.nn.softmax(self.dense(self.pool(inputs)) / self.temperature)


@registered
class IgnoredTemperature(SoftmaxRouting):
    def call(self, inputs):
        return tf.nn.softmax(self.excite(self.squeeze(self.pool(inputs))))


@registered
class BiasOfFirstKernel(CondConv2D):
    """Does not mix the experts' biases."""

    def broadcast_bias(self, bias, rank):
        return tf.convert_to_tensor(self.bias)[0]


@registered
class CoefficientsSquared(CondConv2D):
    def coefficients(self, inputs, given, dtype):
        return super().coefficients(inputs, given, dtype) ** 2


@registered
class ChannelsFirstIgnored(CondConv2D):
    def broadcast_bias(self, bias, rank):
        return tf.reduce_mean(bias)
