"""A routing that writes down the temperature of every step that it computes, as the compiled step sees it."""

import keras
import numpy as np
import tensorflow as tf

import tfdynconv
from tfdynconv.routing import SoftmaxRouting

ROOM = 64


@keras.saving.register_keras_serializable(package="tests")
class RecordingRouting(SoftmaxRouting):
    traced = 0  # calls of the Python code: eager steps, and traces of a function

    def build(self, input_shape):
        super().build(input_shape)
        self.seen = self.add_weight(name="seen", shape=(ROOM,), initializer="zeros", trainable=False)
        self.steps = self.add_weight(name="steps", shape=(), initializer="zeros", trainable=False)

    def call(self, inputs):
        RecordingRouting.traced += 1
        with tf.control_dependencies([inputs]):  # a step that finds no data must not be counted
            step = tf.convert_to_tensor(self.steps)
            here = tf.one_hot(tf.cast(step, tf.int32), ROOM) * tf.convert_to_tensor(self.temperature)
            self.seen.assign(tf.convert_to_tensor(self.seen) + here)
            self.steps.assign(step + 1.0)
        return super().call(inputs)


def recording_model(**compile_arguments):
    routing = RecordingRouting()
    layers = [keras.Input([4, 4, 3]), tfdynconv.DynamicConv2D(2, 3, routing=routing), keras.layers.Flatten()]
    model = keras.Sequential(layers)
    model.compile(**{"optimizer": "sgd", "loss": "mse", "jit_compile": False, **compile_arguments})
    return model


def routing_of(model):
    return model.layers[0].routing


def seen(model):
    """The temperatures of all steps so far."""
    routing = routing_of(model)
    return routing.seen.numpy()[: int(routing.steps.numpy())]


def data(steps, batch_size=2):
    random = np.random.default_rng(0)
    count = steps * batch_size
    return random.normal(size=(count, 4, 4, 3)).astype("float32"), random.normal(size=(count, 8)).astype("float32")


def train(model, schedule, steps, epochs, callbacks=(), **arguments):
    x, y = data(steps)
    callbacks = [schedule, *callbacks]
    return model.fit(x, y, batch_size=2, epochs=epochs, callbacks=callbacks, verbose=0, shuffle=False, **arguments)
