"""SpatialSeparableConv2D against two `Conv2D` in a row."""

import keras
import numpy as np
import pytest

from tfdynconv.blocks import SpatialSeparableConv2D
from tfdynconv.testing.case import redraw

WINDOWS = {
    "same": {"padding": "same"},
    "strides": {"strides": (2, 3)},
    "strides same": {"strides": 2, "padding": "same"},
    "inner": {"inner_filters": 8, "groups": 2},
    "dilated": {"dilation_rate": (2, 1), "padding": "same"},
}


@pytest.mark.parametrize("given", WINDOWS.values(), ids=WINDOWS)
def test_two_convolutions(given):
    layer = SpatialSeparableConv2D(6, (5, 3), activation="relu", dtype="float64", **given)
    x = np.random.default_rng(0).normal(size=(2, 12, 11, 4))
    layer.build(x.shape)
    redraw(layer)
    shared = {"groups": layer.groups, "padding": layer.padding, "dtype": "float64"}
    (sh, sw), (dh, dw) = layer.strides, layer.dilation_rate
    inner = given.get("inner_filters", 6)
    column = keras.layers.Conv2D(inner, (5, 1), (sh, 1), dilation_rate=(dh, 1), use_bias=False, **shared)
    row = keras.layers.Conv2D(6, (1, 3), (1, sw), dilation_rate=(1, dw), activation="relu", **shared)
    twin = keras.Sequential([keras.Input((12, 11, 4), dtype="float64"), column, row])
    twin.set_weights(layer.get_weights())
    np.testing.assert_allclose(np.asarray(layer(x)), np.asarray(twin(x)), rtol=1e-10, atol=1e-12)
