"""The README's table of networks is what `tfdynconv models` prints."""

import dataclasses
import pathlib

import pytest

from benchmarks.networks import MARKS
from tfdynconv.models import table
from tfdynconv.models.catalogue import NETWORKS

README = (pathlib.Path(__file__).parent.parent.parent / "README.md").read_text()
WRITTEN = README.split(MARKS[0])[1].split(MARKS[1])[0].strip()
ROWS = dict(zip(NETWORKS, WRITTEN.splitlines()[2:]))
QUICK = {"ResNet-18", "MobileNetV1, CondConv n=8"}


def test_it_has_every_network_and_the_notes():
    header, notes = table.markdown([]), table.notes()
    assert WRITTEN.startswith(f"{header}\n| MobileNetV1 |") and WRITTEN.endswith(f"|\n\n{notes}")
    assert [row.split(" | ")[0] for row in ROWS.values()] == [f"| {name}" for name in NETWORKS]
    assert len(WRITTEN[: -len(notes)].strip().splitlines()) == 2 + len(NETWORKS)


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in NETWORKS])
def test_a_row_is_what_is_counted(name):
    assert ROWS[name] == table.row(NETWORKS[name]).markdown()


def test_what_is_published_stands_in_every_row():
    """Without building a network: the figures of the row are those of the catalogue."""
    for name, network in NETWORKS.items():
        _, _, parameters, _, _, multiply_adds, _, source = (cell.strip() for cell in ROWS[name].strip("|").split("|"))
        found = parameters.replace("\\", ""), multiply_adds.replace("\\", ""), source
        assert found == (network.parameters or "", network.multiply_adds or "", network.source)


@pytest.mark.parametrize(
    "ours, printed, wanted",
    [
        (4_940_185, "4.94M", 0.0),
        (4_945_001, "4.94M", 4_945_001 / 4.94e6 - 1),
        (1_814_073_344, "1.814G", 0.0),
        (50_104_864, "46M*", 50_104_864 / 46e6 - 1),
        (2_293_792, "2,293,792", 0.0),
        (2_293_793, "2,293,792", 1 / 2_293_792),
        (1, None, None),
    ],
)
def test_differences(ours, printed, wanted):
    found = table.difference(ours, printed)
    assert found == (None if wanted is None else pytest.approx(wanted, abs=1e-12))


def test_cells():
    row = table.Row("Net", 1234567, "1.2M*", 2_345_678, "2.0M", "a paper")
    assert row.markdown() == r"| Net | 1,234,567 | 1.2M\* | 0 | 2.3M | 2.0M | +17.28% | a paper |"
    bare = dataclasses.replace(row, published_parameters=None, published_multiply_adds=None)
    assert bare.markdown() == "| Net | 1,234,567 |  |  | 2.3M |  |  | a paper |"
