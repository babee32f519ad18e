"""`tfdynconv convert`: its options reach `to_tflite`, and what goes wrong is one line."""

import json
import os
import warnings

import keras
import numpy as np
import pytest

import tfdynconv
from tests.export.phone import Phone

REPORT = tfdynconv.export.ExportReport("m.tflite", 2048, {"CONV_2D": 2}, 1.5e-7, 6)


@pytest.fixture
def asked(monkeypatch):
    """Stands in for `to_tflite`: the keyword arguments of its calls."""
    calls = []

    def to_tflite(model, path, **arguments):
        calls.append(arguments)
        warnings.warn("to_tflite: the temperature\nis 30.", UserWarning, stacklevel=2)
        return REPORT

    monkeypatch.setattr(tfdynconv.export, "to_tflite", to_tflite)
    return calls


def test_plain(command, asked, saved):
    code, out, err = command("convert", saved, "m.tflite")
    assert (code, err) == (0, "")
    assert asked == [{"representative_data": None}]  # everything else by to_tflite's own defaults
    assert out == f"{REPORT}\nwarning: to_tflite: the temperature is 30.\n"


def test_every_option_reaches_the_conversion(command, asked, saved, tmp_path):
    np.save(tmp_path / "x.npy", np.ones([3, 6, 5, 3], "float32"))
    options = "--form constant --target npu --quantize int8 --batch-size 2 --tolerance 0.1"
    shapes = "--input-shape 6,5,3 --input-shape 12,10,3"
    code, out, _ = command(
        "convert", saved, "m.tflite", *options.split(), *shapes.split(), "--data", tmp_path / "x.npy", "--json"
    )
    assert code == 0
    (arguments,) = asked
    np.testing.assert_array_equal(arguments.pop("representative_data"), np.ones([3, 6, 5, 3]))
    assert arguments == {
        "form": "constant",
        "target": "npu",
        "quantize": "int8",
        "batch_size": 2,
        "tolerance": 0.1,
        "input_shapes": [(6, 5, 3), (12, 10, 3)],
    }
    printed = json.loads(out)
    assert (printed["size"], printed["ops"]) == (2048, {"CONV_2D": 2})
    assert printed["warnings"] == ["to_tflite: the temperature is 30."]


def test_npz_is_a_dict_by_input(command, asked, saved, tmp_path):
    np.savez(tmp_path / "x.npz", a=np.zeros([2, 3]), b=np.ones([2, 1]))
    assert command("convert", saved, "m.tflite", "--data", tmp_path / "x.npz")[0] == 0
    data = asked[0]["representative_data"]
    assert {name: array.tolist() for name, array in data.items()} == {"a": [[0] * 3] * 2, "b": [[1], [1]]}


def test_a_real_conversion(command, model, saved, tmp_path):
    images = np.random.default_rng(0).normal(size=(5, 6, 5, 3)).astype("float32")
    np.save(tmp_path / "x.npy", images)
    path = tmp_path / "m.tflite"
    code, out, err = command(
        *("convert", saved, path, "--batch-size", "2", "--data", tmp_path / "x.npy"), *("--tolerance", "1e-3", "--json")
    )
    assert code == 0, err
    phone = Phone(path)
    assert [shape for _, shape in phone.inputs.values()] == [(2, 6, 5, 3)]
    ((name, _),) = phone.inputs.items()
    np.testing.assert_allclose(phone(**{name: images[:2]})["output_0"], model(images[:2]), rtol=1e-4, atol=1e-5)
    printed = json.loads(out)
    assert printed["size"] == os.path.getsize(path)
    assert printed["max_relative_error"] < 1e-3
    assert sum(printed["ops"].values()) == len(phone.ops)


def test_above_the_tolerance(command, saved, tmp_path):
    code, out, err = command("convert", saved, tmp_path / "m.tflite", "--tolerance", "0")
    assert (code, out) == (1, "")
    assert err.startswith("tfdynconv convert: to_tflite: the .tflite differs from the Keras model")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@keras.saving.register_keras_serializable(package="tests")
class Own(keras.layers.Layer):
    """Known while it is saved and forgotten after."""


def own(folder):
    keras.Sequential([keras.Input([3]), Own()]).save(folder / "own.keras")
    keras.saving.get_custom_objects().pop("tests>Own")
    return "own.keras"


def named(name, content=b"no such format"):
    def write(folder):
        (folder / name).write_bytes(content)
        return name

    return write


@pytest.mark.parametrize(
    "make, more, message",
    [
        (lambda _: "none.keras", [], "there is no file 'none.keras'"),
        (named("bad.keras"), [], "cannot load 'bad.keras'"),
        (own, [], "classes of your own are not known here"),
        (None, ["--data", "none.npy"], "cannot read --data 'none.npy'"),
        (None, ["--data", "x.csv"], "--data must be a .npy or .npz file. Received: 'x.csv'"),
    ],
    ids=["no file", "no model", "own class", "no data", "kind of data"],
)
def test_one_line_for_what_cannot_be_read(make, more, message, command, saved, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = make(tmp_path) if make else saved
    if path == "own.keras":
        monkeypatch.setattr(Own, "__module__", "nowhere")
    code, out, err = command("convert", path, "m.tflite", *more)
    assert (code, out) == (1, "")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("output, message", [("m.bin", "must end in '.tflite'"), ("no/m.tflite", "there is no folder")])
def test_an_output_that_cannot_be_is_refused_before_anything_is_loaded(output, message, command, saved, monkeypatch):
    monkeypatch.setattr(keras.models, "load_model", None)
    code, _, err = command("convert", saved, output)
    assert code == 1
    assert message in err


def test_interrupted(command, saved, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(tfdynconv.export, "to_tflite", interrupted)
    assert command("convert", saved, "m.tflite") == (130, "", "tfdynconv convert: interrupted\n")
