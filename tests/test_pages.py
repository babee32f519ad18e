"""Every code block of the site's pages runs, and what stands below a block is what it prints, or the error that it raises.

The blocks of a page run one after the other in one namespace, as a reader would type them, in an empty folder. A block of
`text` directly behind a block of `python` is its output; a line of it may end in `...`.
"""

import contextlib
import doctest
import io
import pathlib
import re

import keras
import pytest

ROOT = pathlib.Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs").rglob("*.md"))
BLOCK = re.compile(r"^```python\n(.*?)^```$(?:\n\n^```text\n(.*?)^```$)?", re.DOTALL | re.MULTILINE)
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def output_of(code, name, namespace):
    """What a block prints, then the type and message of the error that ends it, as one line."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            exec(compile(code, name, "exec"), namespace)
        except ValueError as error:
            message = " ".join(COLOURS.sub("", str(error)).split())
            print(f"{type(error).__name__}: {message}")
            return printed.getvalue(), error
    return COLOURS.sub("", printed.getvalue()), None


def run(page, text):
    namespace = {"__name__": "page"}
    for number, (code, wanted) in enumerate(BLOCK.findall(text)):
        name = f"{page}, block {number}"
        got, error = output_of(code, name, namespace)
        if error is not None and "Error: " not in wanted:
            raise error
        agrees = not wanted or doctest.OutputChecker().check_output(wanted, got, FLAGS)
        assert agrees, f"{name} prints\n\n{got}\nand the page says\n\n{wanted}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT / "docs")))
def test_code_of_a_page_runs(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    keras.backend.clear_session()  # so that layers have the names that they have in a fresh process
    run(path.name, path.read_text(encoding="utf-8"))


def test_an_output_that_is_not_true_is_found():
    with pytest.raises(AssertionError, match="block 0 prints"):
        run("a page", "```python\nprint(1)\n```\n\n```text\n2\n```\n")


def test_an_error_that_no_page_tells_is_raised():
    with pytest.raises(ValueError, match="odd"):
        run("a page", "```python\nraise ValueError('odd')\n```\n")
