"""Exporting reads a model; it leaves weights, precision, traces and training as they were."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from tests.export.forms import subclassed
from tfdynconv.export import tflite, tracing
from tfdynconv.ops import place


def test_weights_stay(exported):
    """The statistics of batch normalization too: the export runs the model, but not in training."""
    for before, weight in zip(exported.weights, exported.model.weights):
        np.testing.assert_array_equal(before, np.array(weight))


def compiled_model():
    layers = [
        keras.Input([6, 6, 2]),
        tfdynconv.CondConv2D(4, 3, num_experts=2),
        keras.layers.BatchNormalization(),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(1),
    ]
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


def test_training_goes_on_as_without_the_export(tmp_path, no_conversion):
    """Same losses and weights as of a twin that was not exported between two epochs."""
    x, y = np.random.default_rng(0).normal(size=(2, 16, 6, 6, 2)).astype("float32")
    y = y.mean((1, 2, 3))[:, None]
    exported, twin = compiled_model(), compiled_model()
    twin.set_weights(exported.get_weights())
    for model in (exported, twin):
        model.fit(x, y, batch_size=8, verbose=0, shuffle=False)
    tfdynconv.export.to_tflite(exported, tmp_path / "m.tflite")
    for model in (exported, twin):
        before = model.get_weights()
        model.fit(x, y, batch_size=8, verbose=0, shuffle=False)
        assert any(np.abs(a - b).max() > 1e-4 for a, b in zip(before, model.get_weights()))
    for a, b in zip(exported.get_weights(), twin.get_weights()):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def mixed_model():
    """Its layers have policies of their own, in a nested model too."""
    inner = keras.Sequential(
        [keras.Input([6, 6, 2]), tfdynconv.CondConv2D(3, 3, num_experts=2, dtype="mixed_bfloat16")]
    )
    x = keras.Input([6, 6, 2])
    y = keras.layers.GlobalAveragePooling2D(dtype="float16")(inner(x))
    return keras.Model(x, keras.layers.Dense(2, dtype="float32")(y))


def policies(model):
    return [(layer.name, layer.dtype_policy.name) for layer in tfdynconv.layers.walk.walk(model)]


def fails(*_):
    raise RuntimeError("on its way")


@pytest.mark.parametrize("step", [None, "trace", "convert", "run_tflite", "run_keras"])
def test_precision_comes_back(tmp_path, monkeypatch, no_conversion, step):
    """Whatever fails on the way."""
    model = mixed_model()
    before = policies(model)
    assert {"mixed_bfloat16", "float16", "float32"} <= {name for _, name in before}
    if step is None:
        tfdynconv.export.to_tflite(model, tmp_path / "m.tflite")
    else:
        monkeypatch.setattr(tflite, step, fails)
        with pytest.raises(RuntimeError, match="on its way"):
            tfdynconv.export.to_tflite(model, tmp_path / "m.tflite")
    assert policies(model) == before
    assert model.layers[1](tf.zeros([1, 6, 6, 2])).dtype == tf.bfloat16


@pytest.mark.parametrize("fails_at", [1, 2])
def test_what_is_traced_afterwards_is_not_for_a_phone(tmp_path, monkeypatch, fails_at):
    """Even if the trace fails, or the second one, in which functions that were traced before are part of it."""
    model = subclassed()
    traces = []

    def name_outputs(outputs):
        traces.append(outputs)
        if len(traces) == fails_at:
            raise ValueError("on its way")
        return {f"output_{i}": output for i, output in enumerate(outputs)}

    monkeypatch.setattr(tracing, "name_outputs", name_outputs)
    with pytest.raises(ValueError, match="on its way"):
        tfdynconv.export.to_tflite(model, tmp_path / "m.tflite", batch_size=2)
    assert len(traces) == fails_at
    assert place.current(tf.ones([1])) == "cpu"
    assert not tf.config.functions_run_eagerly()
