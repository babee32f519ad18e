"""The grid's parts: every row is measured on every case that it has, for a moment, and without a word on how long it takes."""

import dataclasses
import functools

import pytest
import tensorflow as tf

from benchmarks import memory, shapes
from benchmarks.grid import growth, layers, networks, regions
from benchmarks.grid.__main__ import PARTS, jobs, main, measure, measured_with, show
from benchmarks.grid.part import STATIC
from benchmarks.grid.store import Store
from tfdynconv import models

DENSE = shapes.Shape(2, 4, 4, 4, 1)
MOMENT = 0.001
SMALL = networks.Network("small", 16, 2, functools.partial(models.mobilenet_v2, width=0.5, stages=((6, 16, 1, 2),)))


def positive(found):
    return all(value > 0 for ratios in found.values() for value in ratios.values())


def test_every_layer_is_measured():
    dense = layers.measure(DENSE, layers.ROWS, False, MOMENT)
    depthwise = layers.measure(shapes.Shape(2, 4, 4, 4, 3, depthwise=True), layers.ROWS, False, MOMENT)
    assert set(dense) == {*layers.ROWS, STATIC} and set(depthwise) == set(dense) - {"Versatile"}
    assert positive(dense | depthwise)
    assert all(set(ratios) == set(layers.KINDS) for ratios in (dense | depthwise).values())


def test_a_network_is_measured():
    rows = {"CondConv 8": networks.ROWS["CondConv 8"]}
    found = networks.measure(SMALL, rows, False, MOMENT)
    assert set(found) == {*rows, STATIC} and set(found["CondConv 8"]) == set(networks.KINDS) and positive(found)


def test_a_network_trains():
    """The step that is timed moves the weights, whatever the batch."""
    model = SMALL.make(networks.ROWS["DynamicConv 4"])
    before = [weight.numpy().copy() for weight in model.trainable_weights]
    networks.training_step(model, tf.random.normal([3, 16, 16, 3]), tf.zeros([3], tf.int32), False)()
    moved = [abs(w.numpy() - b).max() > 0 for w, b in zip(model.trainable_weights, before)]
    assert sum(moved) > len(moved) / 2
    kinds = {type(layer).__name__ for layer in model.layers}
    assert {"DynamicConv2D", "DepthwiseDynamicConv2D", "Conv2D"} <= kinds


def test_regions_are_measured():
    found = regions.measure(DENSE, regions.ROWS, False, MOMENT)
    alone, generator, guide, _ = found.values()
    assert set(alone) == set(regions.KINDS)
    assert set(generator) == set(guide) == {"forward, 1", "forward", "training"}
    assert positive(found)


def test_growth_is_measured():
    """Experts at 14x14 alone; the static layer's growth stands beside."""
    found = growth.measure(DENSE, growth.GROWTH.rows, False, MOMENT)
    assert {name: set(ratios) for name, ratios in found.items()} == {
        "CondConv 8": {growth.BATCH},
        "Conv2D": {growth.BATCH},
    }
    rows = {"CondConv 8": growth.GROWTH.rows["CondConv 8"]}
    found = growth.measure(shapes.Shape(1, 14, 1, 1, 1), rows, False, MOMENT)
    assert set(found["CondConv 8"]) == {growth.BATCH, growth.EXPERTS} and positive(found)


def test_peak_over_its_bar(monkeypatch):
    """Conv2D's peak, two banks of 8 experts, 256 MB."""
    monkeypatch.setattr(memory, "peak", lambda *shape, layer="cond": 2**20 * {"cond": 237, "static": 74}[layer])
    found = growth.measure(memory.LARGE, growth.GROWTH.rows, False, MOMENT)
    assert found == {"CondConv 8": {growth.PEAK: 237 / (74 + 2 * 72 + 256)}}


@pytest.mark.parametrize("name", PARTS)
def test_bars_are_about_what_is_measured(name):
    part = PARTS[name]
    for bar in [bar for bars in part.bars.values() for bar in bars]:
        assert set(bar.rows) <= set(part.rows) and bar.kind in part.kinds
    assert set(part.quick_rows) <= set(part.rows) and set(part.drawn) <= set(part.kinds)


def test_jobs():
    """What is asked for: parts, places, a case, and the few of the quick version."""
    all_of_them = list(jobs(PARTS, ["graph", "xla"], False, None))
    assert len(all_of_them) == 2 * (7 + 2 + 3) + 8  # growth has no XLA
    ((name, place, case, rows),) = jobs({"layers": layers.LAYERS}, ["xla"], False, 2)
    assert (name, place, str(case), set(rows)) == ("layers", "xla", "32,56,32,32,3", set(layers.ROWS))
    quick = [(name, place) for name, place, *_ in jobs(PARTS, ["graph", "xla"], True, None)]
    assert len(quick) == 9 and {name for name, place in quick if place == "xla"} == {"layers"}


def test_the_command_shows_what_is_stored(tmp_path, capsys):
    """Without measuring, and the quick version's cases on their own."""
    path = tmp_path / "grid.json"
    store = Store(path, measured_with())
    store.add("layers", "graph", "32,14,128,128,3", {"CondConv 8": dict.fromkeys(layers.KINDS, 1.25)})
    main(["--store", str(path), "--show"])
    shown = capsys.readouterr().out
    assert "|  | 32,14,128,128,3 | geometric mean |" in shown and "1.18, missed" in shown and "XLA" not in shown
    show(PARTS, ["graph"], store, False, None)
    assert capsys.readouterr().out in shown


def test_a_case_that_fails_is_an_error(tmp_path):
    """Nothing is skipped: `.ci/run` is red when the grid crashes."""

    def broken(*_):
        raise RuntimeError("broken here")

    parts = {"layers": dataclasses.replace(layers.LAYERS, measure=broken)}
    with pytest.raises(RuntimeError, match="broken here"):
        measure(parts, list(jobs(parts, ["graph"], True, None)), Store(None, "here"), MOMENT)
