"""The site that `make docs` has built: nothing comes from another host, and every page has what it is to have."""

import html.parser
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parent.parent.parent
SITE = ROOT / "build" / "site"
PAGES = sorted(SITE.rglob("*.html"))
FAMILIES = sorted((ROOT / "docs" / "families").glob("*.md"))
ELSEWHERE = re.compile(r"^\s*(?:https?:)?//")
IN_STYLES = re.compile(r"""(?:url\(|@import)\s*["']?\s*((?:https?:)?//[^"')\s]+)""")

pytestmark = pytest.mark.site


class Loads(html.parser.HTMLParser):
    """Addresses that a browser fetches by itself; where a reader may click to is not among them."""

    ATTRIBUTES = {"src", "srcset", "poster", "data", "action", "background"}
    LINKS = {"canonical", "alternate", "next", "prev", "author", "license", "me"}

    def __init__(self, text):
        super().__init__()
        self.found, self.policies = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = {name: value or "" for name, value in attributes}
        self.found += [value for name, value in attributes.items() if name in self.ATTRIBUTES]
        if tag == "link" and not set(attributes.get("rel", "").split()) & self.LINKS:
            self.found.append(attributes.get("href", ""))
        if tag in ("image", "use"):  # of SVG
            self.found += [attributes.get("href", ""), attributes.get("xlink:href", "")]
        if attributes.get("http-equiv", "").lower() == "content-security-policy":
            self.policies.append(attributes["content"])


def elsewhere(text):
    loads = Loads(text).found + IN_STYLES.findall(text)
    return [address for address in loads if ELSEWHERE.match(address)]


def test_the_site_is_built():
    assert len(PAGES) > 20, "build it first: make docs"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(SITE)))
def test_a_page_loads_nothing_from_another_host(path):
    assert elsewhere(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(SITE)))
def test_a_browser_would_refuse_what_scripts_load_from_another_host(path):
    """The scripts of the theme can load more than the page says, for diagrams and for searching in files."""
    (policy,) = Loads(path.read_text(encoding="utf-8")).policies
    assert policy == "default-src 'self' file: data: blob: 'unsafe-inline'"


def test_a_style_loads_nothing_from_another_host():
    styles = sorted(SITE.rglob("*.css"))
    assert styles
    assert [IN_STYLES.findall(path.read_text(encoding="utf-8")) for path in styles] == [[]] * len(styles)


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://else.org/a.js"></script>',
        '<link rel="preconnect stylesheet" href="//else.org/a.css">',
        '<img src="a.png" srcset="https://else.org/b.png 2x">',
        "<style>@import 'https://else.org/a.css';</style>",
        '<p style="background: url(https://else.org/a.png)"></p>',
        '<svg><use xlink:href="https://else.org/a.svg#b"/></svg>',
    ],
)
def test_what_loads_from_another_host_is_found(text):
    assert len(elsewhere(text)) == 1


def test_a_link_is_no_load():
    assert elsewhere('<a href="https://else.org">else</a><link rel="canonical" href="https://else.org">') == []


@pytest.mark.parametrize("path", FAMILIES, ids=lambda path: path.stem)
def test_a_page_of_a_family_has_picture_formula_example_and_cost(path):
    built = (SITE / "families" / f"{path.stem}.html").read_text(encoding="utf-8")
    for what in ("<img ", "<math ", "language-python", 'id="cost"'):
        assert what in built, f"{path.name} has no {what}"


@pytest.mark.parametrize("path", FAMILIES, ids=lambda path: path.stem)
def test_every_formula_is_drawn(path):
    fences = re.findall(r"^```math\n(.*?)^```$", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    lines = [line for fence in fences for line in fence.splitlines() if line.strip()]
    built = (SITE / "families" / f"{path.stem}.html").read_text(encoding="utf-8")
    assert lines and built.count("<math ") == len(lines)


def test_docstrings_are_laid_out():
    """Arguments are lists with their names as code, examples are code."""
    built = (SITE / "api.html").read_text(encoding="utf-8")
    assert built.count("<strong>Args</strong>") > 50
    assert "<li><code>filters</code>: " in built and "<li><code>kernel_size</code>" in built
    assert "language-pycon" in built and "<p>&gt;&gt;&gt;" not in built


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(SITE)))
def test_nothing_is_left_to_fill_in(path):
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"<!-- (?:include|cells|api|picture): |<p>:::", text) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(SITE)))
def test_every_picture_of_a_page_is_there(path):
    shown = re.findall(r'<img [^>]*src="([^"]+)"', path.read_text(encoding="utf-8"))
    here = [src for src in shown if not src.startswith(("data:", "/"))]
    assert [src for src in here if not (path.parent / src).is_file()] == []


def test_notebooks_have_run():
    for source in (ROOT / "docs" / "notebooks").glob("*.ipynb"):
        built = (SITE / "notebooks" / f"{source.stem}.html").read_text(encoding="utf-8")
        assert "language-text" in built and "Traceback" not in built, source.name
