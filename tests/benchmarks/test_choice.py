"""What every layer and block costs beside a plain one: all are there, the page is of the record, a run goes on where it was."""

import json

import keras
import pytest

from benchmarks.choice import __main__ as main
from benchmarks.choice import entries, here, phone, table, tpu
from benchmarks.choice.entries import ENTRIES, Entry
from benchmarks.choice.plot import figure, value
from benchmarks.choice.record import Record
from tfdynconv import blocks, layers
from tfdynconv.export.tpu_compiler import Figures

SMALL = (6, 6, 4)
WINDOW = {"filters": 4, "kernel_size": 3, "padding": "same"}


@pytest.fixture
def small(monkeypatch):
    """An entry like those of the list, and small."""
    monkeypatch.setitem(entries.OVER, "small", entries.plain(keras.layers.Conv2D, SMALL, WINDOW))
    monkeypatch.setattr(here, "BATCH", 2)
    return Entry("ACBlock2D, small", blocks.ACBlock2D, WINDOW, "small", (SMALL,))


@pytest.fixture(scope="module")
def record():
    return Record(main.OUTPUT.with_suffix(".json"))


def test_every_layer_and_block_is_there():
    assert {entry.layer for entry in ENTRIES} == {
        getattr(package, name) for package in (layers, blocks) for name in package.__all__
    }
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES)


def test_everything_has_a_figure_or_a_reason(record):
    assert {part: record.missing(ENTRIES, columns) for part, columns in main.COLUMNS.items()} == {
        part: [] for part in main.COLUMNS
    }


def test_the_page_is_of_the_record(record):
    assert main.OUTPUT.read_text(encoding="utf-8") == table.page(record)


def test_counts():
    """Of CondConv with 8 experts: 8 kernels and biases, and the routing."""
    (entry,) = [entry for entry in ENTRIES if entry.name == "CondConv2D"]
    one = 3 * 3 * 64 * 64
    found = here.counts(entry)
    assert found["parameters"] == pytest.approx((8 * (one + 64) + 64 * 8 + 8) / (one + 64))
    assert found["multiply-adds"] == pytest.approx((28 * 28 * one + 8 * one + 64 * 8) / (28 * 28 * one))


def test_a_pair_of_maps_is_counted_and_built():
    (entry,) = [entry for entry in ENTRIES if entry.layer is blocks.OctaveConv2D]
    assert here.counts(entry) == {"parameters": 1.0, "multiply-adds": 0.4375}


def test_times(small):
    """For a moment, and without a word on how long it takes."""
    found = here.times(small, 0.0)
    assert set(found) == set(here.TIMED) and all(figure > 0 for figure in found.values())


@pytest.mark.slow
def test_files_of_what_folds(small, tmp_path):
    assert phone.write(small, tmp_path) == {}
    sizes = {kind: phone.path(tmp_path, small.name, kind).stat().st_size for kind in phone.KINDS}
    plain = phone.path(tmp_path, "small", "plain").stat().st_size
    assert abs(sizes["folded"] - plain) < 200 < sizes["phone"] - plain
    found = phone.times(small, tmp_path, 0.0)
    assert set(found) == set(phone.KINDS) and all(figure > 0 for figure in found.values())


def test_what_does_not_convert_has_the_reason(small, tmp_path, monkeypatch):
    """What is there is not converted again; figures are of the files that are there."""
    written = []

    def convert(model, target):
        if "phone" in target.name:
            raise ValueError("it\ncannot")
        written.append((target.name, type(model.layers[-1]).__name__))
        target.write_bytes(b"a file")

    monkeypatch.setattr(phone, "convert", convert)
    monkeypatch.setattr(phone, "job", lambda file: file.read_bytes)
    for _ in range(2):
        assert phone.write(small, tmp_path) == {"phone": "it cannot"}
    assert written == [("small_plain.tflite", "Conv2D"), ("ACBlock2D_small_folded.tflite", "Conv2D")]
    assert set(phone.times(small, tmp_path, 0.0)) == {"folded"}


def test_an_estimate_that_is_a_bound_says_so():
    plain = Figures(seconds=2.0)
    assert tpu.ratio(Figures(seconds=3.0), plain) == 1.5
    assert tpu.ratio(Figures(seconds=3.0, loops=1), plain) == "≥ 1.50"
    assert tpu.ratio(Figures(seconds=3.0, uncosted=1), plain) == "≥ 1.50"
    assert tpu.ratio(Figures(error="no such op\nat x"), plain) == "no such op"


@pytest.mark.slow
def test_estimates(small):
    pytest.importorskip("jax")
    ((entry, found),) = tpu.estimates([small])
    assert entry is small and all(table.number(found[kind]) > 0 for kind in tpu.KINDS)


def test_a_row(small):
    figures = {"parameters": 2.0, "forward": 1.234, "phone": "it cannot", "folded": 1.0, "TPU training": "≥ 1.50"}
    cells = dict(zip(["", "over", *table.HEADER.values()], table.row(small, figures)))
    assert cells.pop("") == "`ACBlock2D`, small"
    assert {name: cell for name, cell in cells.items() if cell} == {
        "over": "small",
        "parameters": "2.00",
        "forward": "1.23",
        "phone": "it cannot",
        "phone when folded": "1.00",
        "TPU training": "≥ 1.50",
    }
    beside = Entry("ChannelShuffle", blocks.ChannelShuffle, {}, beside=True)
    assert table.row(beside, {})[0] == "*`ChannelShuffle`*"


def test_a_bound_is_explained_where_there_is_one(tmp_path):
    record = Record(tmp_path / "a.json")
    record.add("CondConv2D", {"TPU forward": 2.0})
    assert table.BOUND not in table.page(record)
    record.add("CondConv2D", {"TPU training": "≥ 2.50"})
    assert table.BOUND in table.page(record)


def test_a_record_goes_on(tmp_path, small, monkeypatch):
    """A part measures what lacks its figures, and all of it if asked to."""
    record = Record(tmp_path / "a.json")
    other = Entry("CondConv2D", layers.CondConv2D, WINDOW)
    record.add("CondConv2D", {"forward": 1.23456, "training": 2.0})
    record.add("gone", {"forward": 1.0})
    again = Record(tmp_path / "a.json")
    again.keep([small.name, "CondConv2D"])
    assert again.figures == {"CondConv2D": {"forward": 1.235, "training": 2.0}}
    assert again.missing([small, other], main.COLUMNS["here"]) == [small]
    assert again.missing([small, other], main.COLUMNS["phone"]) == [small, other]


def test_a_command_measures_what_is_missing(tmp_path, small, monkeypatch):
    monkeypatch.setattr(main, "ENTRIES", [small])
    monkeypatch.setattr(
        "sys.argv", ["choice", "--only", "counts", "here", "--seconds", "0", "--output", str(tmp_path / "a.md")]
    )
    main.main()
    found = json.loads((tmp_path / "a.json").read_text())
    assert set(found) == {small.name} and set(found[small.name]) == {*here.COUNTED, *here.TIMED}
    monkeypatch.setattr(here, "times", None)  # would be called for what is missing
    main.main()


def test_a_picture(tmp_path, small):
    """A bar for each figure; on a phone the better of the block as it is and folded."""
    record = Record(tmp_path / "a.json")
    record.add(small.name, {"training": 2.0, "phone": 4.0, "folded": 1.5, "TPU training": "≥ 0.50"})
    panels = figure(record, [small, Entry("CondConv2D", layers.CondConv2D, WINDOW)]).axes
    widths = [[bar.get_x() + bar.get_width() for bar in axes.patches] for axes in panels]
    assert widths == [[2.0], [1.5], [0.5]]
    assert [text.get_text() for text in panels[0].get_yticklabels()] == ["ACBlock2D, small (small)", "CondConv2D"]
    assert value("phone", {"phone": 1.2, "folded": 1.5}) == 1.2
    assert value("phone", {"phone": "it cannot"}) is None
