"""`model.export(folder)` of Keras: what a server loads computes what the model does, for any batch, without this package."""

import subprocess
import sys

import keras
import numpy as np
import pytest

import tfdynconv
from tfdynconv.testing import ALL_LAYERS
from tfdynconv.testing.case import redraw
from tfdynconv.testing.temperature import holders, set_temperature

BATCHES = (1, 3, 8)
SIZE = 9  # of every spatial axis; the layers of one rank share a model
BY_RANK = {
    rank: {str(case): case for case in ALL_LAYERS if len(case.input_shape) == rank}
    for rank in sorted({len(case.input_shape) for case in ALL_LAYERS})
}
# In a new Python, in an empty folder, where neither the package nor Keras can be imported.
SERVER = """
import sys
sys.modules["tfdynconv"] = sys.modules["keras"] = None
import numpy as np
import tensorflow as tf
with np.load("inputs.npz") as inputs:
    inputs = dict(inputs)
outputs = {}
loaded = {name: tf.saved_model.load(name) for name in {key.split("-")[0] for key in inputs}}
for key, x in inputs.items():
    for name, y in loaded[key.split("-")[0]].serve(x).items():
        outputs[f"{key}-{name}"] = y.numpy()
np.savez("outputs.npz", **outputs)
"""


def model_of(layers, shape):
    x = keras.Input(shape)
    model = keras.Model(x, {name: layer(x) for name, layer in layers.items()})
    redraw(model)
    return model


def served(models, folder):
    """`{model-batch: x}` and what the server made of them, `{model-batch-output: y}`."""
    inputs = {}
    for name, model in models.items():
        model.export(str(folder / name))
        for batch in BATCHES:
            shape = (batch, *model.input_shape[1:])
            inputs[f"{name}-{batch}"] = np.random.default_rng(batch).normal(size=shape).astype("float32")
    np.savez(folder / "inputs.npz", **inputs)
    # -I: no folder of ours on the path, whatever the environment says
    done = subprocess.run([sys.executable, "-I", "-c", SERVER], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    with np.load(folder / "outputs.npz") as outputs:
        return inputs, dict(outputs)


def test_every_layer_is_served_without_the_package(tmp_path):
    models, before = {}, {}
    for rank, cases in BY_RANK.items():
        layers = {name: case.make() for name, case in cases.items()}
        model = models[f"rank{rank}"] = model_of(layers, (*[SIZE] * (rank - 1), 4))
        x = np.random.default_rng(3).normal(size=(3, *model.input_shape[1:])).astype("float32")
        before |= {name: (np.asarray(y), x, layers[name]) for name, y in model(x).items()}
        for layer in layers.values():
            set_temperature(layer, 0.5)
    inputs, outputs = served(models, tmp_path)
    expected = {
        f"{key}-{name}": np.asarray(y) for key, x in inputs.items() for name, y in models[key.split("-")[0]](x).items()
    }
    assert set(outputs) == set(expected) and len(expected) == len(BATCHES) * len(ALL_LAYERS)
    for key, y in expected.items():
        np.testing.assert_allclose(outputs[key], y, rtol=1e-4, atol=1e-5 * np.abs(y).max(), err_msg=key)
    with_temperature = {name for name, (_, _, layer) in before.items() if holders(layer)}
    assert {"DynamicConv2D", "ODConv2D"} <= with_temperature
    for name in with_temperature:  # the temperature of the moment of export is the one that is served
        y, x, layer = before[name]
        assert np.abs(y - outputs[f"rank{x.ndim - 1}-3-{name}"]).max() > 1e-3 * np.abs(y).max(), name


@pytest.mark.slow
@pytest.mark.parametrize("case", ALL_LAYERS, ids=str)
def test_every_variant_is_served(case, tmp_path):
    models = {}
    for i, arguments in enumerate(case.sets()):
        x = keras.Input(case.sample_shape(arguments))
        models[f"set{i}"] = keras.Model(x, {"y": case.make(arguments)(x)})
        redraw(models[f"set{i}"])
    inputs, outputs = served(models, tmp_path)
    for key, x in inputs.items():
        y = np.asarray(models[key.split("-")[0]](x)["y"])
        np.testing.assert_allclose(outputs[f"{key}-y"], y, rtol=1e-4, atol=1e-5 * np.abs(y).max(), err_msg=key)


@pytest.mark.slow
def test_a_large_kernel_that_is_mixed_in_chunks_is_served(tmp_path):
    layer = tfdynconv.CondConv2D(256, 3, num_experts=2, padding="same")
    models = {"large": model_of({"y": layer}, (7, 7, 256))}
    inputs, outputs = served(models, tmp_path)
    for key, x in inputs.items():
        y = np.asarray(models["large"](x)["y"])
        np.testing.assert_allclose(outputs[f"{key}-y"], y, rtol=1e-4, atol=1e-5 * np.abs(y).max())
