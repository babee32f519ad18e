"""`tfdynconv tune`: two small shapes, measured, fitted, written; and what cannot be written."""

import json
import pathlib

import pytest

import tfdynconv
from tfdynconv import tuning
from tfdynconv.ops import machine
from tfdynconv.tuning import measure, tuned
from tfdynconv.tuning.shapes import Shape


@pytest.fixture
def quick(monkeypatch):
    """With the seconds and the shapes that the verb would have measured."""
    asked = []
    whole = tuning.tune

    def tune(seconds, tell):
        asked.append(seconds)
        return whole(0.01, tell, [Shape(4, 3, 5, 1), Shape(5, 4, 4, 3), Shape(6, 3, 4, 3, strides=2)])

    monkeypatch.setattr(measure, "LEAST", 1)
    monkeypatch.setattr(tuning, "tune", tune)
    return asked


def test_written_told_and_loaded(quick, command, tmp_path, monkeypatch):
    path = tmp_path / "tuning.json"
    code, out, err = command("tune", "--out", path, "--seconds", "7")
    assert (code, err, quick) == (0, "", [7])
    lines = out.splitlines()
    # of three shapes strides in a graph are not weighed
    assert [line.split()[:2] for line in lines[1:6]] == [
        ["graph", "4,3,5,1"],
        ["graph", "5,4,4,3"],
        ["XLA", "4,3,5,1"],
        ["XLA", "5,4,4,3"],
        ["XLA", "6,3,4,3"],
    ]
    assert "of 15, worst" in out and "other choices than before: " in out and lines[-1].startswith(f"{path}: written.")
    content = json.loads(path.read_text())
    assert set(content) == {"about", "seconds"} and str(tmp_path) not in path.read_text()
    assert content["about"]["tfdynconv"] == tfdynconv.__version__
    monkeypatch.setattr(machine, "_loaded", {})
    tfdynconv.load_tuning(path)
    assert machine.current().as_json() == content
    assert [p.name for p in pathlib.Path(tmp_path).iterdir()] == ["tuning.json"]


def test_json(quick, command, tmp_path):
    told = json.loads(command("tune", "--out", tmp_path / "t.json", "--json")[1])
    assert set(told) == {"path", "about", "seconds", "choices", "changes"} and quick == [60]
    assert len(told["choices"]) == 15 and all(choice["ratio"] >= 1 for choice in told["choices"])


def test_what_cannot_be_written_is_told_before_anything_is_measured(command, tmp_path, quick):
    for out, message in ((tmp_path / "no" / "t.json", "there is no folder"), (tmp_path, "is a folder")):
        code, told, err = command("tune", "--out", out)
        assert (code, told, err.count("\n"), quick) == (1, "", 1, []) and message in err


def test_nothing_half_written(command, tmp_path, quick, monkeypatch):
    path = tmp_path / "t.json"
    path.write_text("before")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tuned.os, "replace", full)
    code, _, err = command("tune", "--out", path)
    assert (code, err) == (1, f"tfdynconv tune: {str(path)!r} cannot be written: No space left on device.\n")
    assert path.read_text() == "before" and [p.name for p in tmp_path.iterdir()] == ["t.json"]


def test_wrong_usage(command, tmp_path):
    assert command("tune")[0] == 2
    assert command("tune", "--out", tmp_path / "t.json", "--seconds", "0")[0] == 2


def test_a_bad_tuning_in_the_environment_is_told_before_anything_is_measured(command, tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "_loaded", {})
    monkeypatch.setenv(machine.VARIABLE, "nowhere.json")
    monkeypatch.setattr(measure, "rows", lambda *arguments: pytest.fail("it measures"))
    code, out, err = command("tune", "--out", tmp_path / "tuning.json")
    assert (code, out) == (1, "") and "TFDYNCONV_TUNING: there is no file 'nowhere.json'" in err
    assert not (tmp_path / "tuning.json").exists()
