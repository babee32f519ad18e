"""The grid of all layers: its table and verdicts say what was measured, and every layer of it has every shape."""

import pytest

from benchmarks import grid, shapes

SMALL = [shapes.Shape(2, 4, 4, 4, 1), shapes.Shape(2, 4, 4, 4, 3, depthwise=True)]
RESULTS = {
    "one": {("CondConv 4", "forward, 1"): 1.0, ("CondConv 4", "forward"): 2.0, ("CondConv 4", "training"): 1.0},
    "two": {("CondConv 4", "forward, 1"): 1.0, ("CondConv 4", "forward"): 8.0, ("CondConv 4", "training"): 4.0},
}


def test_table():
    header, _, row = grid.table(RESULTS).splitlines()
    assert header == "|  | one | two | geometric mean |"
    assert row == "| CondConv 4 | 1.00 / 2.00 / 1.00 | 1.00 / 8.00 / 4.00 | 1.00 / 4.00 / 2.00 |"


def test_verdicts():
    training, forward = grid.verdicts(RESULTS)
    assert training.endswith("training 2.00, worst 4.00 (CondConv 4 at two)")
    assert forward.endswith("forward 4.00, worst 8.00 (CondConv 4 at two)")


def test_every_layer_is_measured():
    """For a moment, and without a word on how long it takes."""
    results = grid.grid(False, 0.01, SMALL)
    dense, depthwise = results.values()
    assert {name for name, _ in dense} == set(grid.LAYERS)
    assert {name for name, _ in depthwise} == set(grid.LAYERS) - {"Versatile"}
    assert all(value > 0 for ratios in results.values() for value in ratios.values())


def test_plot(tmp_path):
    pytest.importorskip("matplotlib")
    grid.plot(RESULTS, tmp_path / "grid.png")
    assert (tmp_path / "grid.png").stat().st_size > 10_000
