"""`make accuracy`: networks that are called equal cost the same, the sets are always the same, the page is of the record."""

import json
import pathlib
import statistics

import numpy as np
import pytest

from benchmarks.accuracy import match, plot, sets, sweep, table
from benchmarks.accuracy.__main__ import OUTPUT, settings
from benchmarks.accuracy.record import Record
from benchmarks.accuracy.variants import DYNAMIC, network
from tfdynconv import models

FEW = {name: DYNAMIC[name] for name in ("DynamicConv2D, 4 kernels", "DRConv2D, 4 regions")}


@pytest.fixture(scope="module")
def record():
    return Record(OUTPUT.with_suffix(".json"), settings()).read()


def small(path, accuracies):
    """A record of two variants; `accuracies[network]` are those of seed 0, 1, ..."""
    made = Record(path, settings())
    pairs = {
        name: {"parameters": "Conv2D, 9 and 9 filters", "multiply-adds": "Conv2D, 5 and 6 filters"} for name in FEW
    }
    made.describe("digits", {name: (1000, 2000) for name in [*FEW, *pairs["DRConv2D, 4 regions"].values()]}, pairs)
    for name, values in accuracies.items():
        for seed, value in enumerate(values):
            made.add("digits", name, seed, value)
    return made


@pytest.mark.parametrize("name", sets.SETS)
def test_partners_cost_the_same(name):
    """Counted by `models.cost` in the networks that are trained, the plain ones too."""
    chosen = sets.SETS[name]
    costs, pairs = match.matched(name, FEW)
    for variant, pair in pairs.items():
        for i, measure in enumerate(match.MEASURES):
            trained = models.cost(network(chosen, match.of(pair[measure])))
            assert trained == costs[pair[measure]]
            assert abs(trained[i] / costs[variant][i] - 1) <= match.WITHIN, (variant, measure)


def test_a_network_in_use_is_used_again():
    costs = {(16, 16): 1000, (16, 17): 1020, (17, 17): 1100}
    assert match.search(costs, 1021, [(16, 16)]) == (16, 16)
    assert match.search(costs, 1021, [(17, 17)]) == (16, 16)
    assert match.search(costs, 1021, [(16, 17)]) == (16, 17)
    assert match.search(costs, 1010, [(16, 17), (16, 16)]) == (16, 17)  # the nearer, if several are in use
    assert match.search(costs, 1080, [(16, 17)]) == (17, 17)
    with pytest.raises(ValueError, match="no plain network costs within 3% of 5000. Widen"):
        match.search(costs, 5000, [])


def test_the_recorded_costs_are_of_this_code(record):
    for name in sets.SETS:
        costs, pairs = match.matched(name, {"CondConv2D, 4 experts": DYNAMIC["CondConv2D, 4 experts"], **FEW})
        for variant in pairs:
            assert record.networks[name][variant] == list(costs[variant])
            for i, measure in enumerate(match.MEASURES):
                partner = record.networks[name][record.pairs[name][variant][measure]]
                assert abs(partner[i] / costs[variant][i] - 1) <= match.WITHIN


def test_every_recorded_variant_costs_what_it_did(record):
    chosen = sets.SETS["digits"]
    costs = {name: list(models.cost(network(chosen, variant))) for name, variant in DYNAMIC.items()}
    assert costs == {name: record.networks["digits"][name] for name in DYNAMIC}


@pytest.mark.parametrize("name, pooling", [("digits", "GlobalAveragePooling2D"), ("canvases", "GlobalMaxPooling2D")])
def test_the_last_map_is_gathered(name, pooling):
    """By the maximum where a digit may be anywhere."""
    layers = network(sets.SETS[name], DYNAMIC["SqueezeExcite"]).layers
    assert [type(layer).__name__ for layer in layers if type(layer).__name__.startswith("Global")] == [pooling]


def test_a_canvas_is_drawn_as_it_says():
    """On a white photograph: the background's factor, noise of 0.05, and the ink of a stroke wide enough to be all ink."""
    rng = np.random.default_rng(0)
    white = [np.ones([80, 80])]
    empty = [sets.canvas(np.zeros([8, 8]), white, rng) for _ in range(40)]
    factors = [image.mean() for image in empty]
    assert 0.29 < min(factors) < 0.36 and 0.64 < max(factors) < 0.71
    assert np.mean([image.std() for image in empty]) == pytest.approx(0.05, abs=0.002)
    ink = [np.sort(sets.canvas(np.ones([8, 8]), white, rng).ravel())[-25] for _ in range(40)]
    assert 0.76 < min(ink) < 0.86 and 1.0 < max(ink) < 1.1  # the 25th highest pixel of 100 or more, with its noise


def test_canvases_are_always_the_same():
    images, labels = sets.canvases()
    assert images.shape == (7188, 24, 24, 1) and images.dtype == "float32"
    sets.canvases.cache_clear()
    np.testing.assert_array_equal(sets.canvases()[0], images)
    recorded = [0.192, 0.119, 0.113, 0.202, 0.242]  # what was trained on; JPEG decoders may differ a little
    np.testing.assert_allclose(images[[0, 1, 2, 3, -1]].mean((1, 2, 3)), recorded, atol=0.005)
    assert list(labels[: 3 * sets.COPIES]) == [0] * 4 + [1] * 4 + [2] * 4


def test_halves_share_no_handwriting():
    digits = [rows // sets.COPIES for rows in sets.SETS["canvases"].halves(3)]
    training, test = map(set, digits)
    assert not training & test and len(training | test) == 1797
    assert [len(rows) for rows in digits] == [sets.COPIES * len(training), sets.COPIES * len(test)]
    assert set(sets.SETS["digits"].halves(3)[0]) == training
    assert set(sets.SETS["digits"].halves(4)[0]) != training


def test_a_digit_is_placed_inside_the_canvas():
    rng = np.random.default_rng(0)
    for scale in [1.2, 2.0] * 10:
        square = sets.placed(np.ones([8, 8]), scale, 0.0, rng)
        assert (7 * scale - 1) ** 2 <= square.sum() <= (8 * scale + 1) ** 2


def test_the_page_is_of_the_record(record):
    page = OUTPUT.read_text(encoding="utf-8")
    assert table.page(record, page) == page, "Run `python -m benchmarks.accuracy --table`."
    assert record.is_complete(range(5))


def test_numbers_come_from_the_record(tmp_path):
    plain, own = [0.90, 0.91, 0.92], [0.93, 0.93, 0.95]
    names = {"Conv2D, 9 and 9 filters": plain, "DRConv2D, 4 regions": own, "Conv2D, 5 and 6 filters": own}
    text = table.page(small(tmp_path / "a.json", names))
    gains = [3.0, 2.0, 3.0]
    cell = f"**{statistics.mean(gains):+.2f} ± {statistics.stdev(gains):.2f}**, 3 of 3"
    assert f"| DRConv2D, 4 regions | 1,000 | 2,000 | 3 | 93.67 ± 1.15 | {cell} | +0.00 ± 0.00, 0 of 3 |" in text
    assert (
        "- digits, as many parameters: of 1 variants 1 better (DRConv2D, 4 regions), 0 worse, 0 within chance." in text
    )
    assert "| DynamicConv2D, 4 kernels | 1,000" not in text


def test_what_is_outside_the_marks_stays(tmp_path):
    made = small(tmp_path / "a.json", {})
    before = f"Words.\n{table.MARKS[0]}\nold\n{table.MARKS[1]}\nMore.\n"
    page = table.page(made, before)
    assert page.startswith(f"Words.\n{table.MARKS[0]}\n") and page.endswith("\nMore.\n") and "\nold\n" not in page
    assert table.page(made, page) == page


@pytest.mark.parametrize(
    "values,expected", [([1, 1.1, 0.9], "better"), ([-1, -1.3], "neither"), ([1], "neither"), ([-2, -2.1, -2], "worse")]
)
def test_verdicts(values, expected):
    """The interval of two values is 6.4 times their distance on either side."""
    assert table.verdict(values) == expected


def test_an_interrupted_sweep_goes_on(tmp_path, monkeypatch):
    trained = []

    class Trainer:
        def train(self, seed, rows):
            trained.append(seed)
            if len(trained) == 2:
                raise KeyboardInterrupt
            return 0.5

    monkeypatch.setattr(sweep, "trainer", lambda *names: Trainer())
    path, name = tmp_path / "a.json", "DynamicConv2D, 4 kernels"
    with pytest.raises(KeyboardInterrupt):
        sweep.train(small(path, {}), "digits", name, range(3))
    again = Record(path, settings()).read()
    sweep.train(again, "digits", name, range(3))
    assert trained == [0, 1, 1, 2] and again.accuracies["digits", name] == {0: 0.5, 1: 0.5, 2: 0.5}
    assert not Record(path, {**settings(), "batch": 1}).read().accuracies
    costs = {**again.networks["digits"], name: (1, 1)}
    again.describe("digits", costs, again.pairs["digits"])
    assert ("digits", name) not in again.accuracies


def test_a_finished_sweep_begins_anew(tmp_path, monkeypatch):
    """Each network has two seeds before any has a third."""
    trained = []
    names = ["DynamicConv2D, 4 kernels", "DRConv2D, 4 regions"]
    costs = {name: (1, 2) for name in names}
    monkeypatch.setattr(sweep, "SETS", {"digits": sets.SETS["digits"]})
    monkeypatch.setattr(match, "matched", lambda name: (costs, {}))
    monkeypatch.setattr(sweep, "trainer", lambda name, network_name: Trained(network_name, trained))
    made = Record(tmp_path / "a.json", settings())
    parts = list(sweep.sweep(made, 3))
    assert trained == [(name, seed) for seeds in ([0, 1], [2]) for name in names for seed in seeds]
    assert parts == [range(2), range(3)] and made.is_complete(range(3))
    list(sweep.sweep(made, 3))
    assert trained[6:] == trained[:6]


class Trained:
    def __init__(self, name, trained):
        self.name, self.trained = name, trained

    def train(self, seed, rows):
        self.trained.append((self.name, seed))
        return 0.5


@pytest.mark.parametrize("name", sets.SETS)
def test_a_trainer_gets_half_of_the_images(name, monkeypatch):
    chosen = sets.SETS[name]
    monkeypatch.setattr(sweep, "Trainer", lambda *arguments, **options: (arguments, options))
    sweep.trainer.cache_clear()
    (label, make, images, labels, rows), options = sweep.trainer(name, "Conv2D, 5 and 6 filters")
    sweep.trainer.cache_clear()
    assert label == "Conv2D, 5 and 6 filters" and len(images) == len(labels) == 2 * rows + (name == "digits")
    assert options == {"epochs": chosen.epochs}
    assert [layer.filters for layer in make().layers if hasattr(layer, "filters")] == [16, 5, 6]


def test_a_record_that_is_stopped_while_it_is_written_is_the_old_one(tmp_path, monkeypatch):
    made = small(tmp_path / "a.json", {"DRConv2D, 4 regions": [0.5]})

    def half(path, text, **options):
        with open(path, "w") as file:
            file.write(text[: len(text) // 2])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(pathlib.Path, "write_text", half)
        made.add("digits", "DRConv2D, 4 regions", 1, 0.6)
    assert Record(made.path, settings()).read().accuracies == {("digits", "DRConv2D, 4 regions"): {0: 0.5}}


def test_the_plot_shows_every_difference(tmp_path):
    names = {"Conv2D, 9 and 9 filters": [0.90, 0.91], "DRConv2D, 4 regions": [0.93, 0.95]}
    made = small(tmp_path / "a.json", names)
    panel = plot.figure(made).axes[0]
    assert [label.get_text() for label in panel.get_yticklabels()] == list(FEW)
    points = [line.get_xydata() for line in panel.lines if line.get_marker() == "." and len(line.get_xydata())]
    (own,) = points
    np.testing.assert_allclose(own, [[3, 0.85], [4, 0.85]])
    (bar,) = panel.containers
    ((low, high),) = [bar[2][0].get_segments()[0][:, 0]]
    assert bar[0].get_xdata() == pytest.approx(3.5) and (high - low) / 2 == pytest.approx(table.interval([3, 4]))
    plot.plot(made, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_the_record_is_read_as_it_was_written(tmp_path):
    made = small(tmp_path / "a.json", {"DRConv2D, 4 regions": [0.5, 0.75]})
    read = Record(made.path, settings()).read()
    assert (read.networks, read.pairs, read.accuracies) == (made.networks, made.pairs, made.accuracies)
    assert json.loads(made.path.read_text())["rows"] == [
        ["digits", "DRConv2D, 4 regions", 0, 0.5],
        ["digits", "DRConv2D, 4 regions", 1, 0.75],
    ]
