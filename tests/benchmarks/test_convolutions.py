"""The README's table of convolutions is the generated one, complete, and of this code."""

import re

import keras
import numpy as np
import pytest

from benchmarks import convolutions
from benchmarks.keras_convolutions import KERAS
from tests.test_readme import README
from tfdynconv import blocks, layers
from tfdynconv.testing import LayerCase

PUBLIC = [*layers.__all__, *blocks.__all__]
PRINTED = README.split(convolutions.MARKS[0])[1].split(convolutions.MARKS[1])[0].strip()
RUN = "Run `python -m benchmarks.convolutions --record --write`."


def test_the_readme_has_the_table_of_the_records():
    assert convolutions.table(convolutions.records()) == PRINTED, RUN


def test_every_public_layer_and_block_has_a_row():
    classes = [line.split("|")[2] for line in PRINTED.splitlines()]
    named = re.findall(r"`(\w+)`", " ".join(classes))
    assert sorted(named) == sorted(PUBLIC), RUN


def test_every_class_is_recorded_and_no_other():
    assert sorted(convolutions.records()) == sorted([*PUBLIC, *KERAS]), RUN


@pytest.mark.parametrize("check", convolutions.CHECKS)
def test_a_record_is_what_the_case_declares(check):
    """The harness holds every case to that: it runs the check, and fails where a declared exception passes."""
    for name, found in convolutions.records().items():
        reason = convolutions.CASES[name].exceptions.get(check)
        assert found[check] == (f"no: {reason}" if reason else "yes"), (name, RUN)


def test_recorded_kernels():
    """Some that are known; and one of each kind measured anew."""
    found = {name: value["kernel"] for name, value in convolutions.records().items()}
    static = {"VersatileConv2D", "OctaveConv2D", "GhostModule2D", *KERAS}
    dynamic = {name for name in layers.__all__ if name != "VersatileConv2D"} | {"DyMobileBlock", "DyResNetBlock"}
    assert {found[name] for name in static} == {"static"}
    assert {found[name] for name in dynamic} == {"dynamic"}
    assert convolutions.is_static(convolutions.CASES["GhostModule2D"])
    assert not convolutions.is_static(convolutions.CASES["DynamicConv2D"])


@pytest.mark.parametrize("line", KERAS)
def test_what_keras_has(line):
    """The line runs, and the formula counts: with every size known it is that of the weights at each cell."""
    layer = eval(line, {"keras": keras})
    x = np.zeros([1, 9, 8, 4], "float32")
    outputs = layer(x)
    assert f"`{line}`" in PRINTED
    transposed = isinstance(layer, keras.layers.Conv2DTranspose)
    sizes = {
        "P": np.prod(outputs.shape[1:3]),
        "height": 9,
        "width": 8,
        "k": np.prod(layer.kernel_size),
        "channels": 4,
        "filters": layer.filters,
        "groups": layer.groups if hasattr(layer, "groups") else 1,
    }
    formula = re.sub(r"(\w|\)) (?=[\w(])", r"\1 * ", KERAS[line].cost.strip("`"))
    weights = sum(np.prod(w.shape) for w in layer.weights if len(w.shape) > 1)
    assert eval(formula, sizes) == weights * (72 if transposed else sizes["P"])


@keras.saving.register_keras_serializable(package="tests")
class Refuses(layers.CondConv2D):
    """Of a paper.

    Cost, k taps: `n w` parameters; multiply-adds `height' width' w ...`, and `w` for both. Nothing else.

    Reference: One and Other, A Convolution, CVPR 2020; arXiv 2001.00001.
    """

    def call(self, inputs):
        raise ValueError(f"{self.label}: not here.\nNor there.")


def test_a_row_is_read_in_the_docstring():
    assert convolutions.title(Refuses) == "[A Convolution](https://arxiv.org/abs/2001.00001)"
    assert convolutions.cost(Refuses) == "`P w ...`, and `w` for both; k taps"


def test_a_check_that_fails_is_recorded_with_its_reason():
    case = LayerCase(Refuses, {"filters": 4, "kernel_size": 3, "name": "mine"}, (5, 5, 2))
    assert convolutions.status(case, "xla") == "no: Refuses 'mine': not here."
    case.exceptions["xla"] = "it refuses"
    assert convolutions.status(case, "xla") == "no: it refuses"
