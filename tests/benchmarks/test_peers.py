"""`benchmarks.peers` without PyTorch: the formulations compute what the layer does, the tables count right, the pipe works."""

import io
import json

import numpy as np
import pytest
import tensorflow as tf

from benchmarks import formulations, layers, peer_tables, peer_worker, peers
from benchmarks.shapes import Shape

SHAPES = [Shape(3, 6, 4, 5, 3), Shape(3, 6, 4, 5, 3, strides=2), Shape(3, 6, 4, 4, 3, depthwise=True)]
TORCH = ("torch Conv2d", "torch timm", "torch Conv2d, channels last", "torch timm, channels last")
TIMES = {
    "a": {
        "forward": {"Conv2D": 2.0, "CondConv2D": 4.0, "x": 3.0, "y": 3.9, **dict(zip(TORCH, (1.0, 7.0, 1.5, 2.0)))},
        "training": {
            "Conv2D": 2.0,
            "CondConv2D": 4.0,
            "x": "no gradient",
            "y": 8.0,
            **dict(zip(TORCH, (4.0, 5.0, 3.0, 6.0))),
        },
    }
}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", formulations.ALL)
def test_formulations_are_the_layer(name, shape):
    x = tf.random.stateless_normal(shape.input_shape, (1, 2))
    ours, other = layers.cond(shape, 4), formulations.Straightforward(formulations.ALL[name], shape, 4)
    ours.build(x.shape), other.build(x.shape)
    ours.bias.assign(tf.random.stateless_normal(ours.bias.shape, (3, 4)))
    other.set_weights(ours.get_weights())
    np.testing.assert_allclose(other(x), ours(x), atol=1e-5)


def test_report():
    text = peer_tables.report(TIMES)
    assert "| a | 2.00 | 2.00 | 2.0 | 4.0 | 1.0 | 2.0 |" in text
    assert "at or below timm's ratio on 1 of 1 shapes, and at or below its time on 0 (above: a)" in text
    assert "at or below timm's ratio on 0 of 1 shapes (above: a), and at or below its time on 1." in text
    assert "| a | 0.75 / none | 0.97 / 2.00 |" in text
    assert "by more than 5 %: x (a, forward, 0.75)." in text
    assert "None for x, training: no gradient (a)" in text


def test_missing_extra(monkeypatch):
    monkeypatch.setattr(peers.importlib.util, "find_spec", lambda name: None if name == "timm" else object())
    assert peers.missing().startswith("benchmarks.peers: timm cannot be imported.")
    assert ".venv-peers/bin/pip install -e '.[peers]'" in peers.missing()


def test_only_what_is_close_goes_on():
    samples = {
        ("tensorflow", "CondConv2D"): [1.0],
        ("tensorflow", "x"): [1.6],
        ("tensorflow", "y"): [1.4],
        ("torch", "timm"): [9.0],
    }
    assert [name for name in samples if peers.far(samples, name)] == [("tensorflow", "x")]


def test_serve(monkeypatch):
    calls, answers = [], io.StringIO()
    requests = [{"open": 3, "path": "here"}, {"kind": "forward", "run": "a", "seconds": 0.0}]
    monkeypatch.setattr(peer_worker.sys, "stdin", io.StringIO("".join(json.dumps(r) + "\n" for r in requests)))
    monkeypatch.setattr(peer_worker.sys, "stdout", answers)
    peer_worker.serve(lambda *where: {"forward": {"a": lambda: calls.append(where), "b": "cannot"}})
    opened, seconds = map(json.loads, answers.getvalue().splitlines())
    assert opened == {"forward": {"a": None, "b": "cannot"}} and seconds >= 0
    assert calls == [(3, "here")] * 2
