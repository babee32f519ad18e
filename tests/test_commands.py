"""Commands that the site's pages name exist, and those of `tfdynconv` are taken by its parser."""

import importlib.util
import pathlib
import re
import shlex

import pytest

from tfdynconv.cli.main import parser

ROOT = pathlib.Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs").rglob("*.md"))
BY_PAGE = pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT / "docs")))


def code(path):
    """What stands in backticks and in blocks for a shell, without the comments that include other documents."""
    text = re.sub(r"<!--.*?-->", "", path.read_text(encoding="utf-8"))
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return blocks + re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)


@BY_PAGE
def test_targets_modules_and_scripts_exist(path):
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for piece in code(path):
        assert set(re.findall(r"\bmake ([a-z]+)\b", piece)) <= targets
        for module in re.findall(r"python -m ((?:benchmarks|website)[.\w]*)", piece):
            assert importlib.util.find_spec(module), module
        for script in re.findall(r"\bexamples/\w+\.py\b", piece):
            assert (ROOT / script).exists(), script


@BY_PAGE
def test_the_command_line_takes_it(path):
    for piece in code(path):
        for line in re.findall(r"^tfdynconv .+$", piece, re.MULTILINE):
            parser().parse_args(shlex.split(line)[1:])  # SystemExit if it does not
