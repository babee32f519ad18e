"""What the grid prints, draws and keeps says what was measured."""

import dataclasses
import io

import pytest

from benchmarks.grid import table
from benchmarks.grid.layers import LAYERS
from benchmarks.grid.part import STATIC, Bar, over_static
from benchmarks.grid.plot import plot
from benchmarks.grid.progress import Progress
from benchmarks.grid.store import Store

RESULTS = {
    "one": {"CondConv 4": {"forward, 1": 1.0, "forward": 2.0, "training": 1.0}},
    "two": {"CondConv 4": {"forward, 1": 1.0, "forward": 8.0, "training": 4.0}, "DyNet 6": {"training": 3.0}},
}


def test_table():
    header, _, cond, dynet = table.table(LAYERS, RESULTS).splitlines()
    assert header == "|  | one | two | geometric mean |"
    assert cond == "| CondConv 4 | 1.00 / 2.00 / 1.00 | 1.00 / 8.00 / 4.00 | 1.00 / 4.00 / 2.00 |"
    assert dynet == "| DyNet 6 |  | – / – / 3.00 | – / – / 3.00 |"


def test_ratios_stand_beside_the_static_time():
    times = {("static", "forward"): 0.002, ("static", "training"): 0.01, ("ODConv 1", "forward"): 0.003}
    found = over_static(times, ["ODConv 1"])
    assert found == {"ODConv 1": {"forward": 1.5}, STATIC: {"forward": 2.0, "training": 10.0}}
    *_, last = table.table(LAYERS, {"one": found}).splitlines()
    assert last == "| the static one, ms | – / 2.00 / 10.00 |  |"


def test_verdicts():
    bars = [
        Bar("both", ("CondConv 4", "DyNet 6"), "training", mean=2.5, worst=3.5),
        Bar("first", ("CondConv 4",), "training", mean=1.5, without="two"),
        Bar("nobody", ("ODConv 1",), "training", mean=1.0),
    ]
    _, _, both, first = table.verdicts(bars, RESULTS).splitlines()
    assert both == "| both | training | 2.29 | 2.5 | 4.00 | 3.5, missed | CondConv 4 at two |"
    assert first == "| first | training | 1.00 | 1.5 | 1.00 |  | CondConv 4 at one |"
    assert table.verdicts([bars[-1]], RESULTS) == ""


def test_a_bar_is_reached_at_its_figure():
    assert table.held(1.18, 1.18) == ("1.18", "1.18") and table.held(1.19, 1.18) == ("1.19", "1.18, missed")


def test_the_text_names_place_and_kinds():
    first, *_ = table.text(LAYERS, "xla", RESULTS).splitlines()
    assert first == "Over `Conv2D` (`DepthwiseConv2D`), XLA: forward, 1 / forward / training"


def test_plot(tmp_path):
    pytest.importorskip("matplotlib")
    drawn = [(LAYERS, LAYERS.bars["graph"], RESULTS)]
    plot(drawn, tmp_path / "one.png")
    plot(2 * drawn, tmp_path / "two.png")
    one, two = ((tmp_path / name).stat().st_size for name in ("one.png", "two.png"))
    assert 10_000 < one < two


def test_figures_are_added_to_a_file(tmp_path):
    path = tmp_path / "grid.json"
    for case, ratios in RESULTS.items():  # each by a command of its own
        Store(path, "here").add("layers", "graph", case, ratios)
    assert Store(path, "here").of("layers", "graph", ["two", "one", "three"]) == RESULTS
    assert Store(path, "here").of("layers", "xla", ["one"]) == {}
    with pytest.raises(ValueError, match="measured with here, those of now with elsewhere"):
        Store(path, "elsewhere")


def test_progress():
    clock, stream = iter([0.0, 10.0]), io.StringIO()
    progress = Progress(3, stream, lambda: next(clock))
    progress.next("layers")
    progress.next("networks")
    progress.close()
    assert stream.getvalue() == "[1/3] layers\n[2/3] networks, some 20 s left\n"


def test_progress_on_a_terminal():
    """One line, written over and cleared."""
    stream = io.StringIO()
    stream.isatty = lambda: True
    progress = Progress(2, stream, lambda: 0.0)
    progress.next("a long name")
    progress.close()
    assert stream.getvalue().split("\r") == ["", "[1/2] a long name", " " * 17, ""]


def test_quick_is_a_part_of_the_whole():
    cases, rows = LAYERS.chosen(quick=True)
    assert set(cases) < set(LAYERS.cases) and set(rows) < set(LAYERS.rows)
    assert dataclasses.replace(LAYERS).chosen(case=1) == (LAYERS.cases[1:2], LAYERS.rows)
