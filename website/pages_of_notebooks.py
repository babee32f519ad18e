"""Executed notebooks as pages of the site: text, code, what the code printed, and its pictures beside the page."""

import base64
import json
import pathlib
import re

ROOT = pathlib.Path(__file__).parent.parent
SOURCES = ROOT / "docs" / "notebooks"
EXECUTED = ROOT / "build" / "notebooks"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def pages():
    """(path in the site, content) of every page and picture.

    Raises:
        FileNotFoundError: a notebook was not executed since it changed.
    """
    for source in sorted(SOURCES.glob("*.ipynb")):
        executed = EXECUTED / source.name
        if not executed.exists() or code_of(executed) != code_of(source):
            raise FileNotFoundError(f"{executed}: execute the notebooks first, python -m website.notebooks.")
        pictures = {}
        text = "\n\n".join(part for cell in cells(executed) for part in parts(cell, source.stem, pictures))
        yield f"notebooks/{source.stem}.md", text + "\n"
        yield from ((f"notebooks/{name}", content) for name, content in pictures.items())


def cells(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def code_of(path):
    return ["".join(cell["source"]) for cell in cells(path)]


def parts(cell, stem, pictures):
    """A cell as Markdown; its pictures are put into `pictures`, name to bytes."""
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield source
        return
    yield f"```python\n{source}\n```"
    for output in cell["outputs"]:
        data = output.get("data", {})
        if output.get("name") == "stderr":  # what TensorFlow says of the machine
            continue
        if "image/png" in data:
            name = f"{stem}_{len(pictures)}.png"
            pictures[name] = base64.b64decode(data["image/png"])
            yield f"![What the cell above draws]({name})"
        elif text := output.get("text") or data.get("text/plain"):
            yield f"```text\n{COLOURS.sub('', ''.join(text)).rstrip()}\n```"
