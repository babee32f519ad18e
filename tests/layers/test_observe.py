"""Watching a model's layers: whoever watches sees all of them, and nothing changes where nobody does."""

import threading

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from tfdynconv.layers.observe import watching
from tfdynconv.layers.routing_seen import choices, routed
from tfdynconv.layers.walk import names

X = np.random.default_rng(0).normal(size=[5, 6, 6, 3]).astype("float32")


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = tfdynconv.CondConv2D(4, 3, num_experts=3, name="conv")

    def call(self, inputs):
        return self.conv(inputs)


class Compiled(Subclassed):
    """Its layer runs in a graph of its own."""

    @tf.function
    def graph(self, inputs):
        return self.conv(inputs)

    def call(self, inputs):
        return self.graph(inputs)


def sequential():
    return keras.Sequential([keras.Input([6, 6, 3]), tfdynconv.CondConv2D(4, 3, num_experts=3, name="conv")])


def nested():
    x = keras.Input([6, 6, 3])
    return keras.Model(x, keras.layers.ReLU()(sequential()(x)))


def shared():
    """Coefficients that a routing outside of the layer computes."""
    x = keras.Input([6, 6, 3])
    coefficients = tfdynconv.routing.SigmoidRouting(3)(x)
    return keras.Model(x, tfdynconv.CondConv2D(4, 3, num_experts=3, routing=None, name="conv")(x, coefficients))


@pytest.mark.parametrize("make", [sequential, nested, shared, Subclassed])
def test_coefficients_of_every_kind_of_model(make):
    model = make()
    model(X)
    (layer,) = names(model, tfdynconv.CondConv2D)
    routing = layer.routing or next(each for each in model.layers if isinstance(each, tfdynconv.routing.Routing))
    seen = routed(model, X)
    assert [each.name for each, _ in seen] == ["conv"]
    np.testing.assert_allclose(seen[0][1]["kernel"], routing(X), rtol=1e-6)


def test_a_graph_gives_what_eager_execution_gives():
    model = sequential()
    run = tf.function(lambda x: [values for _, values in routed(model, x)], autograph=False)
    np.testing.assert_allclose(run(tf.constant(X))[0]["kernel"], routed(model, X)[0][1]["kernel"], rtol=1e-6)


def test_a_layer_in_a_graph_of_its_own_is_out_of_sight():
    assert routed(Compiled(), X) == []


def test_every_call_counts():
    x = keras.Input([6, 6, 3])
    conv = tfdynconv.CondConv2D(3, 3, num_experts=2, padding="same")
    assert len(routed(keras.Model(x, conv(conv(x))), X)) == 2


def operations(layer):
    function = tf.function(lambda x: layer(x), autograph=False)
    return [op.type for op in function.get_concrete_function(tf.TensorSpec(X.shape)).graph.get_operations()]


def test_watching_adds_no_operation():
    layer = tfdynconv.CondConv2D(4, 3, num_experts=3)
    layer(X)
    alone = operations(layer)
    with watching():
        assert operations(layer) == alone


def test_another_thread_does_not_see_it():
    layer = tfdynconv.CondConv2D(4, 3, num_experts=3)
    with watching() as watch:
        thread = threading.Thread(target=lambda: layer(X))
        thread.start()
        thread.join()
    assert watch.notes == []


def test_an_error_ends_the_watch():
    layer = tfdynconv.CondConv2D(4, 3, num_experts=3)
    with watching() as outer:
        with pytest.raises(ZeroDivisionError), watching():
            raise ZeroDivisionError
        layer(X)
    layer(X)
    assert len(outer.notes) == 1


def test_regions_are_shares_of_the_output_pixels():
    """A guide of 2x2 for an output of 3x3: the last of its cells stands for one pixel, the first for four."""
    layer = tfdynconv.DRConv2D(4, 3, padding="same", num_regions=2, guide=None)
    guide = np.zeros([1, 2, 2, 2], "float32")
    guide[0, 1, 1, 1] = 1
    with watching() as watch:
        layer(tf.ones([1, 3, 3, 3]), tf.constant(guide))
    np.testing.assert_allclose(choices(layer, watch.notes[0][1])["region"], [[8 / 9, 1 / 9]], rtol=1e-6)


def test_names_are_those_of_owners_where_they_must():
    x = keras.Input([6, 6, 12])
    blocks = [tfdynconv.blocks.DyMobileBlock(12, name=name) for name in ("first", "second")]
    model = keras.Model(x, tfdynconv.CondConv2D(4, 3, name="last")(blocks[1](blocks[0](x))))
    found = list(names(model, (tfdynconv.DyNetConv2D, tfdynconv.CondConv2D)).values())
    convs = [f"{block}/branch/conv_{i}" for block in ("first", "second") for i in range(3)]
    assert sorted(found) == sorted([*convs, "last"])
