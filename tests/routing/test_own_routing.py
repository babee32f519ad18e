"""A routing of one's own: a class, a function or a Keras layer; trained, saved and loaded with the model."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from tfdynconv.routing import CallableRouting, Routing


@keras.saving.register_keras_serializable(package="tests")
class MaximumRouting(Routing):
    """Routes by the largest value of each channel."""

    sums_to_one = True

    def __init__(self, sharpness=1.0, **kwargs):
        super().__init__(**kwargs)
        self.sharpness = sharpness

    def build(self, input_shape):
        super().build(input_shape)
        shape = (self.channels(input_shape), self.num_kernels)
        self.projection = self.add_weight(name="projection", shape=shape, initializer="glorot_uniform")

    def call(self, inputs):
        largest = tf.reduce_max(tf.cast(inputs, self.compute_dtype), [1, 2])
        return tf.nn.softmax(self.sharpness * largest @ tf.convert_to_tensor(self.projection))

    def cost(self, channels):
        return self.num_kernels * channels, self.num_kernels * channels

    def get_config(self):
        return {**super().get_config(), "sharpness": self.sharpness}


@keras.saving.register_keras_serializable(package="tests")
def by_first_channels(inputs):
    return tf.sigmoid(tf.reduce_mean(inputs, [1, 2])[:, :3])


def small_network():
    return keras.Sequential(
        [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(5, activation="tanh"), keras.layers.Dense(3)]
    )


ROUTINGS = {"class": lambda: MaximumRouting(2.5), "function": lambda: by_first_channels, "layer": small_network}
WEIGHTS = {"class": 3, "function": 2, "layer": 6}
EVERY = pytest.mark.parametrize("kind", ROUTINGS)


def model_of(kind, **arguments):
    layer = tfdynconv.MixtureConv2D(5, 3, num_kernels=3, routing=ROUTINGS[kind](), **arguments)
    model = keras.Sequential([keras.Input([6, 6, 4]), layer])
    random = np.random.default_rng(1)
    model.set_weights([random.normal(size=w.shape) for w in model.get_weights()])
    return model


def inputs(batch=4):
    return np.random.default_rng(0).normal(size=(batch, 6, 6, 4)).astype("float32")


@EVERY
def test_saved_and_loaded(tmp_path, kind):
    model, x = model_of(kind), inputs()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(x), model(x), rtol=1e-6, atol=1e-6)
    assert type(loaded.layers[0].routing) is type(model.layers[0].routing)


@EVERY
def test_all_its_weights_train(kind):
    model = model_of(kind)
    assert len(model.trainable_weights) == WEIGHTS[kind]
    model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=False)
    before = model.get_weights()
    model.fit(inputs(5), np.ones([5, 4, 4, 5], "float32"), batch_size=2, verbose=0)
    assert all(np.any(a != b) for a, b in zip(before, model.get_weights()))


@EVERY
def test_it_computes_the_coefficients(kind):
    model, x = model_of(kind), inputs()
    layer = model.layers[0]
    wanted = sum(
        np.asarray(layer.routing(x))[:, i, None, None, None] * layer(x, np.eye(3, dtype="float32")[[i] * 4])
        for i in range(3)
    )
    np.testing.assert_allclose(layer(x), wanted, rtol=1e-4, atol=1e-4)


@EVERY
def test_half_precision(kind):
    model = model_of(kind, dtype="mixed_float16")
    outputs = model(inputs())
    assert outputs.dtype == tf.float16
    assert np.isfinite(outputs).all()


def test_its_config_holds_what_it_was_made_with():
    layer = model_of("class").layers[0]
    revived = type(layer).from_config(layer.get_config())
    assert isinstance(revived.routing, MaximumRouting)
    assert revived.routing.sharpness == 2.5


def test_its_cost_is_counted():
    assert model_of("class").layers[0].cost((None, 6, 6, 4)) == (3 * 180 + 15 + 12, 16 * 180 + 3 * 180 + 12)


def by_last_channels(inputs):
    return tf.sigmoid(tf.reduce_mean(inputs, [1, 2])[:, -3:])


def test_an_unregistered_function_is_named_when_the_model_is_loaded(tmp_path):
    layer = tfdynconv.MixtureConv2D(5, 3, num_kernels=3, routing=by_last_channels)
    assert isinstance(layer.routing, CallableRouting)
    keras.Sequential([keras.Input([6, 6, 4]), layer]).save(tmp_path / "model.keras")
    with pytest.raises((TypeError, ValueError), match="by_last_channels"):
        keras.models.load_model(tmp_path / "model.keras")


def test_channels_first():
    kernel = np.random.default_rng(2).normal(size=(4, 3))
    outputs = []
    for data_format, x in (("channels_last", inputs()), ("channels_first", np.moveaxis(inputs(), -1, 1))):
        routing = tfdynconv.routing.SigmoidRouting(3, data_format=data_format)
        routing.build(x.shape)
        routing.dense.set_weights([kernel, np.zeros(3)])
        outputs.append(routing(x))
    np.testing.assert_allclose(*outputs, rtol=1e-5)
