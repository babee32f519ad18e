"""`tfdynconv tpu`: its options reach `compile_tpu`, and what goes wrong is one line."""

import json

import pytest

import tfdynconv
from tfdynconv.export.tpu_compiler import Figures
from tfdynconv.export.tpu_report import TpuReport

REPORT = TpuReport("v5e:2x2", False, "32x6x5x3", "float32", Figures(seconds=3e-4), Figures(seconds=1e-4))


@pytest.fixture
def asked(monkeypatch):
    """Stands in for `compile_tpu`: the shapes and keyword arguments of its calls."""
    calls = []

    def compile_tpu(model, input_shape, **arguments):
        calls.append((input_shape, arguments))
        return REPORT

    monkeypatch.setattr(tfdynconv.export, "compile_tpu", compile_tpu)
    return calls


def test_plain(command, asked, saved):
    code, out, err = command("tpu", saved)
    assert (code, out, err) == (0, f"{REPORT}\n", "")
    assert asked == [((32, 6, 5, 3), {"topology": "v5e:2x2", "train": False, "dtype": None})]


def test_every_option_reaches_the_compiler(command, asked, saved):
    options = "--topology v4 --train --batch 8 --dtype bfloat16 --input-shape 9,9,3 --json"
    code, out, _ = command("tpu", saved, *options.split())
    assert code == 0
    assert asked == [((8, 9, 9, 3), {"topology": "v4", "train": True, "dtype": "bfloat16"})]
    printed = json.loads(out)
    assert (printed["compiles"], printed["ratio"]) == (True, pytest.approx(3))
    assert printed["model"]["seconds"] == pytest.approx(3e-4)


def test_several_inputs(command, asked, saved):
    command("tpu", saved, "--input-shape", "9,9,3", "--input-shape", "4", "--batch", "2")
    assert asked[0][0] == [(2, 9, 9, 3), (2, 4)]


def test_a_real_compilation(command, saved):
    pytest.importorskip("jax")
    code, out, err = command("tpu", saved, "--batch", "4")
    assert (code, err) == (0, "")
    assert out.startswith("v5e:2x2, forward pass in float32, inputs 4x6x5x3: compiles\n")
    assert "times the static model's" in out


def test_one_line_for_what_goes_wrong(command, saved, monkeypatch):
    def refused(*arguments):
        code, out, err = command("tpu", *arguments)
        assert (code, out, err.count("\n")) == (1, "", 1)
        return err

    assert "there is no file 'none.keras'" in refused("none.keras")
    assert "unknown TPU topology" in refused(saved, "--topology", "v9")
    assert "the shapes of all inputs" in refused(saved, "--input-shape", "6,5")
    broken = TpuReport("v5e:2x2", False, "1x1", "float32", Figures(error="INTERNAL: no"))
    monkeypatch.setattr(tfdynconv.export, "compile_tpu", lambda *_, **__: broken)
    assert "does not compile INTERNAL: no" in refused(saved)
