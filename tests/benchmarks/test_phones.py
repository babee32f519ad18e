"""The tables of `benchmarks.phones` are made: each figure a ratio with its quartiles, the static layer's own being 1."""

import re

import pytest

from benchmarks import phones
from benchmarks.shapes import Shape

FIGURE = r"\d+\.\d\d \(\d+\.\d\d to \d+\.\d\d\)"


def test_a_job_over_itself_is_one():
    calls = []
    found = phones.ratios({"static": lambda: calls.append(1), "other": lambda: sum(range(20000))}, 0.0, least=3)
    assert list(found["static"]) == [1, 1, 1] and found["other"][1] > 1 and calls


@pytest.mark.slow
def test_layers(tmp_path):
    found = dict(phones.rows(phones.convolutions, [Shape(1, 6, 4, 4, 1)], tmp_path, 0.0))
    assert set(found) >= {"static, int8", "matmul, float32", "constant, dynamic"}
    assert all(re.fullmatch(FIGURE, cells[0]) for cells in found.values()), found


@pytest.mark.slow
def test_networks(tmp_path):
    found = dict(phones.network_rows(tmp_path, 0.0, size=32, stages=[(1, 8, 1, 1), (2, 8, 2, 2)], classes=3))
    assert len(found) == 7 and all(re.fullmatch(FIGURE, cells[0]) for cells in found.values()), found
