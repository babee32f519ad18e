"""Coefficients from elsewhere: given in the call, and one routing for several layers."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from tfdynconv.layers.walk import walk


def inputs(batch=3, seed=0):
    return np.random.default_rng(seed).normal(size=(batch, 6, 6, 4)).astype("float32")


LAYERS = {
    "conv": lambda **k: tfdynconv.CondConv2D(5, 3, num_experts=3, **k),
    "depthwise": lambda **k: tfdynconv.DepthwiseCondConv2D(3, num_experts=3, **k),
    "dense": lambda **k: tfdynconv.CondDense(5, num_experts=3, **k),
    "dynamic": lambda **k: tfdynconv.DynamicConv2D(5, 3, num_kernels=3, **k),
}


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_those_of_its_own_routing_given_again_change_nothing(make):
    layer, x = make(), inputs()
    outputs = layer(x)
    np.testing.assert_allclose(layer(x, layer.routing(x)), outputs, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(layer(x, coefficients=layer.routing(x)), outputs, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_without_routing_there_are_no_routing_weights(make):
    layer = make(routing=None)
    layer(inputs(), np.ones([3, 3], "float32"))
    assert [tuple(w.shape)[0] for w in layer.weights] == [3, 3]
    assert len(list(walk(layer))) == 1


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_without_routing_they_must_be_given(make):
    with pytest.raises(ValueError, match=r"made with routing=None, .* layer\(x, coefficients\) .* \[batch, 3\]"):
        make(routing=None)(inputs())


@pytest.mark.parametrize("shape", [(3, 4), (3, 2), (3,), (2, 3), (3, 3, 1)], ids=str)
@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_wrong_shapes(make, shape):
    with pytest.raises(
        ValueError, match=r"expected coefficients of shape \[batch, 3\], .* Received: coefficients of shape"
    ):
        make()(inputs(), tf.zeros(shape))


def test_gradients_reach_given_coefficients():
    layer, x = tfdynconv.CondConv2D(5, 3, num_experts=3, routing=None), inputs()
    a = tf.constant(np.random.default_rng(1).normal(size=(3, 3)).astype("float32"))
    with tf.GradientTape() as tape:
        tape.watch(a)
        loss = tf.reduce_sum(layer(x, a))
    gradient = tape.gradient(loss, a).numpy()
    one_by_one = np.stack([layer(x, np.eye(3, dtype="float32")[[i] * 3]).numpy().sum((1, 2, 3)) for i in range(3)], 1)
    np.testing.assert_allclose(gradient, one_by_one, rtol=1e-4, atol=1e-4)


def shared_routing_model():
    x = keras.Input([6, 6, 4])
    coefficients = tfdynconv.routing.SigmoidRouting(3, name="shared")(x)
    y = tfdynconv.CondConv2D(4, 1, num_experts=3, routing=None, activation="relu")(x, coefficients)
    y = tfdynconv.DepthwiseCondConv2D(3, num_experts=3, routing=None)(y, coefficients=coefficients)
    return keras.Model(x, y)


def test_one_routing_for_two_layers_saved_and_loaded(tmp_path):
    model, x = shared_routing_model(), inputs()
    random = np.random.default_rng(2)
    model.set_weights([random.normal(size=w.shape) for w in model.get_weights()])
    assert len(model.trainable_weights) == 6  # two layers' kernel and bias, one routing's
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-6, atol=1e-6)


def test_one_routing_for_two_layers_trains():
    model = shared_routing_model()
    model.compile("sgd", "mse")
    before = model.get_layer("shared").get_weights()
    model.fit(inputs(5), np.ones([5, 4, 4, 4], "float32"), batch_size=2, verbose=0)
    assert all(np.any(a != b) for a, b in zip(before, model.get_layer("shared").get_weights()))


def test_one_routing_object_in_two_layers_is_refused():
    """Keras would save such a model, and then not load it."""
    routing, x = tfdynconv.routing.SigmoidRouting(), inputs()
    tfdynconv.CondConv2D(4, 3, num_experts=3, routing=routing, name="first")(x)
    second = tfdynconv.CondConv2D(4, 3, num_experts=3, routing=routing, name="second")
    with pytest.raises(
        ValueError, match=r"'second': its routing .* belongs to CondConv2D 'first', .* layer\(x, routing\(x\)\)"
    ):
        second(x)
