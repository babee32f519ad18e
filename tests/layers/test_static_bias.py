"""A bias beside the mixed ones that is the same for every sample."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from tests.export.forms import settled

LAYERS = {
    "sigmoid": lambda **more: tfdynconv.CondConv2D(5, 3, **more),
    "no other bias": lambda **more: tfdynconv.CondConv2D(5, 3, use_bias=False, **more),
    "softmax": lambda **more: tfdynconv.DynamicConv2D(5, 3, temperature=1.0, **more),
    "depthwise": lambda **more: tfdynconv.DepthwiseCondConv2D(3, depth_multiplier=2, **more),
    "transposed": lambda **more: tfdynconv.CondConv2DTranspose(5, 3, **more),
    "dense": lambda **more: tfdynconv.CondDense(5, **more),
}


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_it_is_added_before_the_activation(make, tmp_path):
    layer = make(static_bias=True, activation="relu")
    model = settled(keras.Sequential([keras.Input([6, 7, 4]), layer]))
    x = np.random.default_rng(0).normal(size=(3, 6, 7, 4)).astype("float32")
    config = layer.get_config()
    plain = type(layer).from_config({**config, "static_bias": False, "activation": None})
    plain.build(x.shape)
    assert config["static_bias"] and layer.cost(x.shape)[0] - plain.cost(x.shape)[0] == layer.static_bias.shape[0]
    own = [weight for weight in layer.weights if weight is not layer.static_bias]
    for weight, value in zip(plain.weights, own, strict=True):
        weight.assign(tf.convert_to_tensor(value))
    expected = tf.nn.relu(plain(x) + tf.convert_to_tensor(layer.static_bias))
    np.testing.assert_allclose(model(x), expected, rtol=1e-5, atol=1e-6)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(x), model(x))


def test_channels_first():
    layer = tfdynconv.CondConv2D(5, 3, static_bias=True, data_format="channels_first")
    layer.build((None, 4, 6, 6))
    before = layer(tf.ones([2, 4, 6, 6]))
    layer.static_bias.assign(np.arange(5.0))
    np.testing.assert_allclose(
        layer(tf.ones([2, 4, 6, 6])) - before, np.broadcast_to(np.arange(5.0)[:, None, None], (2, 5, 4, 4)), atol=1e-5
    )


@pytest.mark.parametrize("layer", [tfdynconv.DyNetConv2D, tfdynconv.ODConv2D])
def test_layers_that_have_one_already(layer):
    with pytest.raises(ValueError, match="its bias is static already. Received: static_bias=True. Use use_bias=True"):
        layer(5, 3, static_bias=True)
