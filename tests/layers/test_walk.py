"""Every layer is found, once, in whatever kind of model it sits."""

import keras
import pytest
import tensorflow as tf

import tfdynconv
from tfdynconv.layers.walk import walk


def named(name):
    return keras.layers.Dense(4, name=name)


def sequential():
    return keras.Sequential([keras.Input([4]), named("a"), named("b")], name="model")


def functional():
    x = keras.Input([4], name="x")
    shared = named("a")
    return keras.Model(x, shared(named("b")(shared(x))), name="model")


def nested():
    inner = keras.Sequential([keras.Input([4]), named("a")], name="inner")
    x = keras.Input([4], name="x")
    deeper = keras.Model(x, inner(x), name="deeper")
    y = keras.Input([4], name="y")
    return keras.Model(y, named("b")(deeper(y)), name="model")


class Held(keras.layers.Layer):
    """A layer that keeps another one, and a reference to a layer that is owned elsewhere too."""

    def __init__(self, kept, **kwargs):
        super().__init__(**kwargs)
        self.kept = kept

    def call(self, x):
        return self.kept(x)


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__(name="model")
        shared = named("a")
        self.attribute = shared
        self.listed = [named("b"), [named("c")]]
        self.keyed = {"d": named("d"), "more": {"e": named("e")}}
        self.paired = (Held(shared, name="held"), named("f"))

    def call(self, x):
        for layer in (self.attribute, self.listed[0], self.listed[1][0], *self.paired):
            x = layer(x)
        return self.keyed["d"](x) + self.keyed["more"]["e"](x)


def names(model):
    found = list(walk(model))
    assert len({id(layer) for layer in found}) == len(found), "a layer was yielded twice"
    return sorted(layer.name for layer in found if not isinstance(layer, keras.layers.InputLayer))


@pytest.mark.parametrize(
    "make, expected",
    [
        (sequential, ["a", "b", "model"]),
        (functional, ["a", "b", "model"]),
        (nested, ["a", "b", "deeper", "inner", "model"]),
        (Subclassed, ["a", "b", "c", "d", "e", "f", "held", "model"]),
    ],
)
def test_every_layer_is_found_once(make, expected):
    model = make()
    assert names(model) == expected
    model(tf.zeros([2, 4]))
    assert names(model) == expected


def test_a_trained_model_shows_no_metrics_or_optimizer():
    model = sequential()
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(tf.zeros([2, 4]), tf.zeros([2, 4]), verbose=0)
    assert names(model) == ["a", "b", "model"]


def test_owners_come_first():
    order = [layer.name for layer in walk(nested()) if not isinstance(layer, keras.layers.InputLayer)]
    assert order.index("model") < order.index("deeper") < order.index("inner") < order.index("a")


def test_routing_and_its_dense_layers_are_found():
    model = keras.Sequential([keras.Input([8, 8, 3]), tfdynconv.DynamicConv2D(4, 3)])
    found = list(walk(model))
    (routing,) = (layer for layer in found if isinstance(layer, tfdynconv.routing.Routing))
    assert float(routing.temperature.numpy()) == 30.0
    assert {"squeeze", "excite"} <= {layer.name for layer in found}


def test_a_routing_inside_a_wrapper_is_found():
    model = keras.layers.TimeDistributed(tfdynconv.DynamicConv2D(4, 3))
    assert any(isinstance(layer, tfdynconv.DynamicConv2D) for layer in walk(model))
