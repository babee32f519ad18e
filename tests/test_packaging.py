"""What a release carries fits together: versions, types, the checks before a commit, the forms for issues."""

import configparser
import pathlib
import re

import tfdynconv

ROOT = pathlib.Path(__file__).parent.parent


def test_one_version():
    citation = (ROOT / "CITATION.cff").read_text()
    assert f"\nversion: {tfdynconv.__version__}\n" in citation
    assert f"\n## {tfdynconv.__version__}\n" in (ROOT / "docs" / "releases.md").read_text()
    assert f"\n## {tfdynconv.__version__} " in (ROOT / "CHANGELOG.md").read_text()


def test_types_and_paces_are_packed():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    packed = config["options.package_data"]["tfdynconv"].split()
    assert packed == ["py.typed", "ops/machine.json"]
    assert all((ROOT / "tfdynconv" / name).exists() for name in packed)


def test_a_commit_passes_what_ci_passes():
    hooks = re.findall(r"^ *entry: (.*)$", (ROOT / ".pre-commit-config.yaml").read_text(), re.M)
    assert hooks == ["make lint"] and "\nmake lint\n" in (ROOT / ".ci" / "run").read_text()
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.M).group(1)
    assert [line.split("/")[-1].split()[0] for line in recipe.splitlines()] == ["ruff", "ruff", "mypy"]


def test_the_releases_page_names_what_the_makefile_tests():
    makefile, page = (ROOT / "Makefile").read_text(), (ROOT / "docs" / "releases.md").read_text()
    for version in re.findall(r'"tensorflow==([\d.]+)"', makefile):
        assert f"| {version} |" in page
    assert set(re.findall(r"`make (\w+)`", page)) <= set(re.findall(r"^(\w+):", makefile, re.M))


def test_forms_for_issues_ask_something():
    for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"):
        text = path.read_text()
        assert path.name == "config.yml" or {"name:", "description:", "body:"} <= set(re.findall(r"^\w+:", text, re.M))
