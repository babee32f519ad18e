"""Batch normalisation behind a dynamic layer goes into the layer's bank where nothing else reads what it normalises."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from tests.export.forms import settled
from tfdynconv.export.tracing import trace
from tfdynconv.ops.phone import Phone

FOLDED = {
    "sigmoid with biases": lambda: tfdynconv.CondConv2D(5, 3, bias_initializer="normal"),
    "a static bias too": lambda: tfdynconv.CondConv2D(5, 3, static_bias=True),
    "softmax": lambda: tfdynconv.DynamicConv2D(5, 1, use_bias=False, temperature=1.0),
    "coefficients per filter": lambda: tfdynconv.DyNetConv2D(5, 3, bias_initializer="normal"),
    "gates": lambda: tfdynconv.ODConv2D(5, 3, num_kernels=2, bias_initializer="normal"),
    "gates alone": lambda: tfdynconv.ODConv2D(5, 1),
    "depthwise": lambda: tfdynconv.DepthwiseCondConv2D(3, depth_multiplier=2, bias_initializer="normal"),
    "transposed": lambda: tfdynconv.CondConv2DTranspose(5, 3, bias_initializer="normal"),
}


def block(layer, behind=None, axis=-1):
    between = [behind] if behind else []
    return settled(
        keras.Sequential([keras.Input([6, 6, 4]), layer, *between, keras.layers.BatchNormalization(axis=axis)])
    )


def traced(model, **phone):
    """The function for a phone, after it has been seen to compute what the model does and to leave it as it was."""
    specs = [tf.TensorSpec([1, *tensor.shape[1:]], tf.float32) for tensor in tf.nest.flatten(model.inputs)]
    specs = specs[0] if len(specs) == 1 else specs
    before = [np.array(w) for w in model.get_weights()]
    phone = Phone(**phone)
    function = trace(model, specs, phone)
    x = np.random.default_rng(0).normal(size=(1, 6, 6, 4)).astype("float32")
    for expected, received in zip(tf.nest.flatten(model(x)), tf.nest.flatten(function(tf.constant(x)))):
        np.testing.assert_allclose(received, expected, rtol=1e-4, atol=1e-5 * np.max(np.abs(expected)))
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights()))
    assert not any("call" in vars(layer) for layer in model.layers) and not phone.factors
    return function


def normalizations(function):
    """The multiplications that batch normalisation makes of feature maps."""
    return [op for op in function.graph.get_operations() if op.type == "Mul" and op.name.endswith("batchnorm/mul_1")]


@pytest.mark.parametrize("form", ["matmul", "constant"])
@pytest.mark.parametrize("make", FOLDED.values(), ids=FOLDED)
def test_folded(make, form):
    assert not normalizations(traced(block(make()), form=form))


def test_folded_with_channels_first():
    layer = tfdynconv.CondConv2D(5, 3, data_format="channels_first", bias_initializer="normal")
    assert not normalizations(traced(block(layer, axis=1)))


def kept_for_an_activation():
    return block(tfdynconv.CondConv2D(5, 3, activation="relu"))


def kept_for_a_layer_between():
    return block(tfdynconv.CondConv2D(5, 3), behind=keras.layers.ReLU())


def kept_for_another_axis():
    return block(tfdynconv.CondConv2D(4, 3), axis=1)


def kept_for_another_reader():
    x = keras.Input([6, 6, 4])
    y = tfdynconv.CondConv2D(4, 3, padding="same")(x)
    return settled(keras.Model(x, keras.layers.Add()([y, keras.layers.BatchNormalization()(y)])))


def kept_for_an_output():
    x = keras.Input([6, 6, 4])
    y = tfdynconv.CondConv2D(4, 3)(x)
    return settled(keras.Model(x, [y, keras.layers.BatchNormalization()(y)]))


def kept_for_a_second_call():
    x, layer = keras.Input([6, 6, 4]), tfdynconv.CondConv2D(4, 3, padding="same")
    return settled(keras.Model(x, layer(keras.layers.BatchNormalization()(layer(x)))))


@pytest.mark.parametrize(
    "make",
    [
        kept_for_an_activation,
        kept_for_a_layer_between,
        kept_for_another_axis,
        kept_for_another_reader,
        kept_for_an_output,
        kept_for_a_second_call,
    ],
)
def test_kept(make):
    assert normalizations(traced(make()))
