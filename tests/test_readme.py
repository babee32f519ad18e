"""The README's examples run as they are printed, and its promises about commands hold."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_example_runs(number, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(EXAMPLES[number], f"README example {number}", "exec"), {"__name__": "readme"})


def test_first_screen_has_the_two_commands():
    screen = README[: README.index("## ")]
    assert re.findall(r"^make (\w+)", screen, re.MULTILINE) == ["demo", "test"]


@pytest.mark.parametrize("page", ["README.md", "docs/index.md"])
def test_what_the_examples_need_is_installed_first(page):
    """In an empty environment the first example runs after the lines of pip that stand before it."""
    text = (ROOT / page).read_text(encoding="utf-8")
    before, *examples = re.split(r"^```python$", text, flags=re.MULTILINE)
    installed = " ".join(re.findall(r"^pip install (.*)$", before, re.MULTILINE))
    imported = {name for code in examples for name in re.findall(r"^(?:import|from) (\w+)", code, re.MULTILINE)}
    comes_with = {"keras", "numpy", "tensorflow", "tfdynconv"}
    named = {"sklearn": "scikit-learn"}
    assert [name for name in sorted(imported - comes_with) if named.get(name, name) not in installed] == []
    assert "plot" in installed or "viz." not in text


def test_every_public_layer_is_in_the_table():
    from tfdynconv import layers

    table = README[README.index("## Layers") : README.index("## What works")]
    assert [name for name in layers.__all__ if f"`{name}`" not in table] == []


def test_every_number_of_the_table_comes_from_the_runner():
    """The table between the marks has the runner's header and one row for each of its shapes."""
    from benchmarks.__main__ import MARKS
    from benchmarks.shapes import TRAINING

    table = README.split(MARKS[0])[1].split(MARKS[1])[0]
    rows = [line.split("|")[1].strip() for line in table.strip().splitlines()]
    assert rows == ["B,H,C,O,k", "---", *map(str, TRAINING), "geometric mean"]
