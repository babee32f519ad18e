"""`tfdynconv summary`: the table of a file, as text, Markdown and JSON, and what it cannot count."""

import json

import keras
import pytest

import tfdynconv
from tfdynconv.cli import summary


def test_table(command, model, saved):
    code, out, err = command("summary", saved)
    assert (code, err) == (0, "")
    assert out == f"{tfdynconv.summary(model)}\n"


def test_markdown_and_json(command, model, saved):
    assert command("summary", saved, "--markdown")[1] == f"{tfdynconv.summary(model).markdown()}\n"
    told = json.loads(command("summary", saved, "--json", "--input", "6,5,3")[1])
    assert told == json.loads(json.dumps(tfdynconv.summary(model).as_dict()))


@pytest.fixture
def asked(monkeypatch):
    """Stands in for `tfdynconv.summary`: the shapes that it is asked for."""
    shapes = []
    found = tfdynconv.summary(keras.Sequential([keras.Input([2]), keras.layers.Dense(1)]))
    monkeypatch.setitem(vars(tfdynconv), "summary", lambda model, shape, progress: shapes.append(shape) or found)
    return shapes


def open_model(tmp_path, *shapes):
    inputs = [keras.Input(shape) for shape in shapes]
    path = tmp_path / "m.keras"
    keras.Model(inputs, [keras.layers.ReLU()(x) for x in inputs]).save(path)
    return path


@pytest.mark.parametrize(
    "shapes, options, wanted",
    [
        ([(None, None, 3)], ["--input", "24"], (None, 24, 24, 3)),
        ([(3, None, None)], ["--input", "24"], (None, 3, 24, 24)),
        ([(None, None, 3)], ["--input", "24,16,3"], (None, 24, 16, 3)),
        ([(None, None, 3), (None, None, 1)], ["--input", "8"], [(None, 8, 8, 3), (None, 8, 8, 1)]),
        ([(None, 3), (4,)], ["--input", "8", "--input", "4"], "does not say the channels"),
        ([(None, None, 3)], [], None),
    ],
)
def test_sizes(shapes, options, wanted, command, asked, tmp_path):
    code, _, err = command("summary", open_model(tmp_path, *shapes), *options)
    if isinstance(wanted, str):
        assert code == 1 and wanted in err
    else:
        assert (code, asked) == (0, [wanted])


def test_one_line_for_what_cannot_be_counted(command, tmp_path):
    for path, message in (("none.keras", "there is no file"), (open_model(tmp_path, (None, None, 3)), "input_shape=")):
        code, out, err = command("summary", path)
        assert (code, out, err.count("\n")) == (1, "", 1) and message in err


def test_progress_says_the_file(command, saved, monkeypatch):
    told = []

    class Progress(summary.Progress):
        def __setattr__(self, name, value):
            super().__setattr__(name, value)
            if name == "what":
                told.append(value)

    monkeypatch.setattr(summary, "Progress", Progress)
    command("summary", saved)
    assert f"{saved}: tracing for gpu" in told
