"""What the site is made of, as far as it can be checked without building it."""

import base64
import importlib
import json
import pathlib
import re

import pytest

import tfdynconv
from website import api, include, pages_of_notebooks
from website.diagrams import ALL

ROOT = pathlib.Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs").rglob("*.md"))
PACKAGES = ("layers", "blocks", "routing", "training", "export", "surgery", "models", "testing", "ops", "viz")


@pytest.mark.parametrize("name", ALL)
def test_a_diagram_is_what_its_command_draws(name):
    drawn = (ROOT / "docs" / "diagrams" / f"{name}.svg").read_text(encoding="utf-8")
    assert drawn == ALL[name]().svg(), "run python -m website.diagrams"


def test_every_diagram_is_on_a_page():
    text = "".join(path.read_text(encoding="utf-8") for path in PAGES)
    assert [name for name in ALL if f"diagrams/{name}.svg" not in text] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_names_on_a_page_exist(path):
    """`blocks.SKConv2D` and the like, in the text and in tables."""
    code = " ".join(re.findall(r"`([^`\n]+)`", path.read_text(encoding="utf-8")))
    named = re.findall(rf"(?<![\w.])(?:tfdynconv\.)?({'|'.join(PACKAGES)})\.(\w+)", code)
    missing = [f"{package}.{name}" for package, name in named if not exists(package, name)]
    assert missing == []


def exists(package, name):
    module = importlib.import_module(f"tfdynconv.{package}")
    return hasattr(module, name) or (ROOT / "tfdynconv" / package / f"{name}.py").exists()


@pytest.mark.parametrize("package", ["layers", "blocks"])
def test_the_api_has_every_public_name(package):
    names = [name for name, _ in api.public(f"tfdynconv.{package}")]
    assert names == sorted(getattr(tfdynconv, package).__all__)


def test_a_picture_of_a_trained_network(tmp_path, monkeypatch):
    monkeypatch.setattr(include, "ROOT", tmp_path)
    line = "<!-- picture: pictures/a.png What it shows -->"
    assert include.fill(line) == ""
    (tmp_path / "docs" / "pictures").mkdir(parents=True)
    (tmp_path / "docs" / "pictures" / "a.png").write_bytes(b"")
    assert include.fill(line).startswith("![What it shows](../pictures/a.png)")


def code_cell(*outputs):
    return {"cell_type": "code", "source": ["print(1)\n", "draw()"], "outputs": list(outputs)}


PRINTED = {"name": "stdout", "text": ["\x1b[1m1\x1b[0m\n", "2\n"]}
DRAWN = {"data": {"image/png": base64.b64encode(b"a picture").decode(), "text/plain": ["<Figure>"]}}
WARNED = {"name": "stderr", "text": ["no GPU here\n"]}


def test_a_cell_of_a_notebook():
    """Code, what it printed without colours, its pictures; not what TensorFlow says of the machine."""
    pictures = {}
    parts = list(pages_of_notebooks.parts(code_cell(WARNED, PRINTED, DRAWN), "a", pictures))
    code, printed = "```python\nprint(1)\ndraw()\n```", "```text\n1\n2\n```"
    assert parts == [code, printed, "![What the cell above draws](a_0.png)"]
    assert pictures == {"a_0.png": b"a picture"}
    shown = list(pages_of_notebooks.parts({"cell_type": "markdown", "source": ["# A\n", "b"]}, "a", pictures))
    assert shown == ["# A\nb"]


def test_a_notebook_that_changed_since_it_ran_is_no_page(tmp_path, monkeypatch):
    sources, executed = tmp_path / "sources", tmp_path / "executed"
    for folder, outputs in ((sources, []), (executed, [DRAWN, DRAWN])):
        folder.mkdir()
        (folder / "a.ipynb").write_text(json.dumps({"cells": [code_cell(*outputs)]}))
    monkeypatch.setattr(pages_of_notebooks, "SOURCES", sources)
    monkeypatch.setattr(pages_of_notebooks, "EXECUTED", executed)
    assert [path for path, _ in pages_of_notebooks.pages()] == [
        "notebooks/a.md",
        "notebooks/a_0.png",
        "notebooks/a_1.png",
    ]
    (sources / "a.ipynb").write_text(json.dumps({"cells": [{**code_cell(), "source": ["print(2)"]}]}))
    with pytest.raises(FileNotFoundError, match="python -m website.notebooks"):
        list(pages_of_notebooks.pages())
    (executed / "a.ipynb").unlink()
    with pytest.raises(FileNotFoundError, match="python -m website.notebooks"):
        list(pages_of_notebooks.pages())


DOCUMENT = """# Title

Before.

## First

One [link](else.md), ![two](a.png).

```sh
# no heading
```

### Inside

Three.

## Second

<!-- mark -->
| a |
|---|
| `1` |
<!-- end of mark -->
<!-- convolutions -->
| class |
|---|
| `Conv` |
| `Other` |
<!-- end of convolutions -->
"""


@pytest.fixture
def document(tmp_path, monkeypatch):
    (tmp_path / "D.md").write_text(DOCUMENT)
    monkeypatch.setattr(include, "ROOT", tmp_path)


@pytest.mark.parametrize(
    "how, wanted",
    [
        ("D.md # First", "One link, ![two](included/a.png).\n\n```sh\n# no heading\n```\n\n### Inside\n\nThree."),
        ("D.md # Inside", "Three."),
        ("D.md between mark", "| a |\n|---|\n| `1` |"),
        ("D.md rows Other", "| class |\n|---|\n| `Other` |"),
        ("D.md table Second", "| a |\n|---|\n| `1` |"),
        (
            "D.md or: Nothing.",
            DOCUMENT[len("# Title\n\n") :]
            .replace("[link](else.md)", "link")
            .replace("a.png", "included/a.png")
            .strip(),
        ),
        ("else.md or: Nothing.", "Nothing."),
    ],
)
def test_a_part_of_a_document(document, how, wanted):
    assert include.fill(f"<!-- include: {how} -->") == wanted


TABLES = """| | a | b, c |
|---|---|---|
| `One` | 1 | 2 |

| | a | d |
|---|---|---|
| `One`, more | 3 | 4 |
| *`Two`* | 5 | 6 |
"""


@pytest.mark.parametrize(
    "name, columns, wanted",
    [("One", "a", "1"), ("One, more", "d, a", "4 | 3"), ("Two", "a, d", "5 | 6")],
)
def test_cells_of_a_table(tmp_path, monkeypatch, name, columns, wanted):
    (tmp_path / "D.md").write_text(TABLES)
    monkeypatch.setattr(include, "ROOT", tmp_path)
    assert include.fill(f"| x | <!-- cells: D.md; {name}; {columns} --> | y |") == f"| x | {wanted} | y |"


@pytest.mark.parametrize("name, columns", [("Three", "a"), ("One", "d"), ("One", "a, e")])
def test_cells_that_are_not_there(tmp_path, monkeypatch, name, columns):
    (tmp_path / "D.md").write_text(TABLES)
    monkeypatch.setattr(include, "ROOT", tmp_path)
    with pytest.raises(ValueError, match=f"include: expected a row '{name}' .* in D.md, found none"):
        include.fill(f"<!-- cells: D.md; {name}; {columns} -->")


@pytest.mark.parametrize("how", ["# Third", "between nothing", "rows Conv Unknown", "table Third"])
def test_a_part_that_is_not_there(document, how):
    with pytest.raises(ValueError, match="include: expected .* found n"):
        include.fill(f"<!-- include: D.md {how} -->")
