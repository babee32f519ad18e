"""`tfdynconv demo`: what it needs is told in one line; a real run is in `tests/test_examples.py`."""

import json
import sys

import pytest

from tfdynconv.cli import digits

RUN = {"accuracy": 0.9, "step": 1.5, "parameters": 10, "multiply_adds": 20}
RESULTS = {
    name: [{**RUN, "lite_accuracy": 0.9, "latency": 0.1, "difference": 1e-7, "bytes": 2048}]
    for name in digits.CONVOLUTIONS
}


@pytest.fixture
def asked(monkeypatch):
    calls = []

    def run(epochs, seeds, output, tell):
        tell("Conv2D, seed 1, epoch 1 of 2")
        calls.append((epochs, seeds, str(output)))
        return RESULTS

    monkeypatch.setattr(digits, "run", run)
    return calls


def test_table(command, asked):
    code, out, err = command("demo", "--epochs", "2", "--seeds", "1", "--output", "there")
    assert (code, err, asked) == (0, "", [(2, 1, "there")])
    assert out.startswith(digits.text_of(RESULTS)) and out.endswith("there\n")


def test_json(command, asked):
    told = json.loads(command("demo", "--json")[1])
    assert told == {"folder": "demo-output", "results": RESULTS} and asked == [(30, 3, "demo-output")]


@pytest.mark.parametrize("module, package", [("sklearn", "scikit-learn"), ("ai_edge_litert", "ai-edge-litert")])
def test_what_is_missing_is_told(module, package, command, asked, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    code, out, err = command("demo")
    assert (code, out, asked) == (1, "", [])
    assert err == f"tfdynconv demo: needs {package}: pip install {package}.\n"


def test_a_folder_that_is_a_file(command, asked, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = command("demo", "--output", tmp_path / "file")
    assert code == 1 and "--output must be a folder" in err and asked == []
