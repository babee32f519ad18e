"""Dtypes: float64 is float64 throughout, and half precision learns."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from tfdynconv.layers.walk import walk
from tfdynconv.testing import ALL_LAYERS


@pytest.mark.parametrize("case", ALL_LAYERS, ids=str)
def test_float64_everywhere(case):
    layer, x = case.made(dtype="float64"), case.inputs(2).astype("float64")
    outputs = layer(x)
    assert outputs.dtype == tf.float64
    assert {tf.as_dtype(w.dtype).name for w in layer.weights} == {"float64"}
    assert {part.compute_dtype for part in walk(layer)} == {"float64"}
    single = case.make()
    single.build(x.shape)
    single.set_weights(layer.get_weights())
    error = np.abs(outputs - np.asarray(single(x.astype("float32")), "float64")).max() / np.abs(outputs).max()
    assert 1e-10 < error < 1e-4  # float32 differs: so nothing on the way was float32 already


@pytest.fixture
def global_policy():
    before = keras.mixed_precision.dtype_policy() if hasattr(keras.mixed_precision, "dtype_policy") else None
    before = before or keras.mixed_precision.global_policy()
    yield keras.mixed_precision.set_global_policy
    keras.mixed_precision.set_global_policy(before)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_a_hundred_steps_in_half_precision(global_policy, policy):
    """Routing by large logits: a softmax in float16 would overflow or vanish."""
    global_policy(policy)
    x = np.random.default_rng(0).normal(size=(32, 6, 6, 4)).astype("float32")
    y = x.mean((1, 2, 3), keepdims=False)[:, np.newaxis] ** 2
    model = keras.Sequential(
        [
            keras.Input([6, 6, 4]),
            tfdynconv.DynamicConv2D(8, 3, temperature=1.0, activation="relu"),
            tfdynconv.CondConv2D(8, 3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            tfdynconv.CondDense(1, dtype="float32"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "mse", jit_compile=False)
    losses = model.fit(x, y, batch_size=8, epochs=25, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    assert losses[-1] < 0.5 * losses[0]
