"""Keras' own `model.export(path, format="litert")` gives a file of builtin ops that computes what the layers do.

Keras traces a model as for a server, without a word to the layers, so they leave the choice of a lowering to the graph; the
converter takes the branch that no device's name leads to (see `ops/place.py`).
"""

import keras
import numpy as np
import pytest

import tfdynconv
from tests.export.phone import Phone
from tfdynconv.ops import place
from tfdynconv.testing import ALL_LAYERS
from tfdynconv.testing.case import redraw

pytestmark = pytest.mark.skipif(
    tuple(map(int, keras.__version__.split(".")[:2])) < (3, 13), reason="this Keras does not export to LiteRT"
)
SIZE = 11  # more pixels than the plan calls few, so that the forms of large images are tried
# the layers of one rank go into one model, so that two conversions do for all of them
BY_RANK = {
    rank: {str(case): case for case in ALL_LAYERS if len(case.input_shape) == rank}
    for rank in {len(case.input_shape) for case in ALL_LAYERS}
}


def model_of(made, shape):
    inputs = keras.Input(shape)
    model = keras.Model(inputs, {name: layer(inputs) for name, layer in made.items()})
    redraw(model)
    return model


def check(model, path, shape, batch, batches):
    """Export with the batch fixed or open, and run batches of these sizes through one interpreter."""
    signature = [keras.InputSpec(shape=(batch, *shape), dtype="float32")]
    model.export(path, format="litert", verbose=False, input_signature=signature)
    with open(path, "rb") as file:
        assert b"Flex" not in file.read()  # the name of every op of TensorFlow's, also in a loop's body
    phone = Phone(path)
    assert {"CUSTOM", "VAR_HANDLE", "READ_VARIABLE"} & set(phone.ops) == set()
    (name,) = phone.inputs
    for seed, size in enumerate(batches):
        x = np.random.default_rng(seed).normal(size=(size, *shape)).astype("float32")
        received, expected = phone(**{name: x}), model(x)
        assert sorted(received) == sorted(expected)
        for key, value in expected.items():
            value = np.array(value)
            np.testing.assert_allclose(received[key], value, rtol=1e-4, atol=2e-5 * np.abs(value).max(), err_msg=key)


def shape_of(rank):
    return (*[SIZE] * (rank - 1), 4)


@pytest.mark.parametrize(("batch", "batches"), [(1, (1, 1)), (None, (1, 3))], ids=["batch 1", "unknown batch"])
@pytest.mark.parametrize("rank", BY_RANK)
def test_every_layer(rank, batch, batches, tmp_path):
    made = {name: case.make() for name, case in BY_RANK[rank].items()}
    check(model_of(made, shape_of(rank)), str(tmp_path / "m.tflite"), shape_of(rank), batch, batches)


def test_a_large_kernel_that_a_cpu_would_mix_in_chunks(tmp_path):
    layer = tfdynconv.CondConv2D(256, 3, num_experts=2, padding="same")
    model = model_of({"y": layer}, (7, 7, 256))
    check(model, str(tmp_path / "m.tflite"), (7, 7, 256), None, (1, 3))


def test_on_a_machine_with_a_gpu(tmp_path, monkeypatch):
    """Groups of a number that is not known would need ops of TensorFlow's."""
    monkeypatch.setattr(place, "compiled_place", lambda: "gpu")
    made = {"conv": tfdynconv.CondConv2D(4, 3), "depthwise": tfdynconv.DepthwiseCondConv2D(3)}
    check(model_of(made, (9, 9, 4)), str(tmp_path / "m.tflite"), (9, 9, 4), None, (1, 3))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for cases in BY_RANK.values() for name in cases])
def test_every_variant_of_every_layer(name, tmp_path):
    """All sets of arguments, at the size that the harness tries them with."""
    (case,) = [cases[name] for cases in BY_RANK.values() if name in cases]
    inputs, rank = keras.Input(case.input_shape), len(case.input_shape)
    outputs = {}
    for number, arguments in enumerate(case.sets()):
        first = arguments.get("data_format") == "channels_first"
        x = keras.layers.Permute([rank, *range(1, rank)])(inputs) if first else inputs
        outputs[f"set{number}"] = case.make(arguments)(x)
    model = keras.Model(inputs, outputs)
    redraw(model)
    check(model, str(tmp_path / "m.tflite"), case.input_shape, None, (1, 3))
