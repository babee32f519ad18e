"""Parts of the repository's other documents on a page, so that no measured number stands in two places.

A page says in a comment what is to stand there:

    <!-- include: benchmarks/NOTES.md # Phones -->                  the section under that heading
    <!-- include: README.md between benchmark -->                   what is between those two marks
    <!-- include: README.md rows CondConv2D DynamicConv2D -->       the rows of its table of convolutions with these classes
    <!-- include: benchmarks/NOTES.md table Whole layers -->        the first table behind those words
    <!-- include: CHANGELOG.md -->                                  all but the title
    <!-- include: benchmarks/ACCURACY.md or: It is not measured. --> all of it, or the sentence where there is no such file
    | a | <!-- cells: benchmarks/CHOICE.md; DRConv2D; forward, phone --> |   of the row of that name, these columns
    <!-- picture: pictures/masks.png What it shows -->             a picture that `python -m benchmarks.pictures` has drawn
"""

import pathlib
import re

ROOT = pathlib.Path(__file__).parent.parent
DIRECTIVE = re.compile(
    r"^<!-- include: (?P<path>\S+)(?: (?P<how>#|between|rows|table|or:) (?P<what>.+?))? -->$", re.MULTILINE
)
CELLS = re.compile(r"<!-- cells: (?P<path>\S+); (?P<name>[^;]+); (?P<columns>.+?) -->")
DRAWN = re.compile(r"^<!-- picture: (?P<path>\S+) (?P<words>.+?) -->$", re.MULTILINE)
# To another file of the repository, which the site has not.
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:)[^)]+\)")
PICTURE = re.compile(r"(!\[[^\]]*\])\((?!https?:)([^)]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def fill(markdown):
    """`markdown` with every such comment replaced."""
    markdown = DRAWN.sub(lambda match: picture(**match.groupdict()), markdown)
    markdown = CELLS.sub(lambda match: cells(**match.groupdict()), markdown)
    return DIRECTIVE.sub(lambda match: part(**match.groupdict()), markdown)


def part(path, how, what):
    """The text that a comment asks for.

    Raises:
        ValueError: the document has nothing of that name.
    """
    file = ROOT / path
    if how == "or:" and not file.exists():
        return what
    text = file.read_text(encoding="utf-8")
    ways = {"#": section, "between": between, "rows": rows, "table": table}
    found = ways[how](text, what) if how in ways else re.sub(r"\A# .*\n+", "", text)
    if not found.strip():
        raise ValueError(f"include: expected {what!r} in {path}, found nothing; correct the page or the document.")
    beside = "/".join(["included", *path.split("/")[:-1]])
    return PICTURE.sub(rf"\1({beside}/\2)", LINK.sub(r"\1", found.strip()))


def picture(path, words):
    """Of a trained network, with the command that draws it; nothing where it is not drawn."""
    if not (ROOT / "docs" / path).exists():
        return ""
    return f"![{words}](../{path})\n\n{words}: `python -m benchmarks.pictures`."


def pictures():
    """(path in the site, content) of the pictures that stand beside included documents."""
    for path in sorted((ROOT / "benchmarks").glob("*.png")):
        yield f"included/benchmarks/{path.name}", path.read_bytes()


def section(text, title):
    """What stands under a heading, down to the next of its rank or above."""
    hidden = FENCE.sub(lambda match: " " * len(match.group()), text)  # a comment of a shell is no heading
    start = re.search(rf"^(#+) {re.escape(title)}$", hidden, re.MULTILINE)
    if start is None:
        return ""
    end = re.search(rf"^#{{1,{len(start.group(1))}}} ", hidden[start.end() :], re.MULTILINE)
    return text[start.end() : start.end() + end.start() if end else None]


def between(text, mark):
    start, end = f"<!-- {mark} -->", f"<!-- end of {mark} -->"
    return text.split(start)[1].split(end)[0] if start in text and end in text else ""


def table(text, words):
    """The first table behind these words."""
    found = re.search(rf"{re.escape(words)}.*?\n((?:\|[^\n]*\n)+)", text, re.DOTALL)
    return found.group(1) if found else ""


def cells(path, name, columns):
    """What the document's tables have in the row that begins with this name, in these columns: cells of a row of the page.

    Raises:
        ValueError: no table has such a row with such columns.
    """
    wanted, header = columns.split(", "), []
    for line in (ROOT / path).read_text(encoding="utf-8").splitlines():
        own = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if not own or not header:
            header = own
        elif own[0].translate({ord(sign): "" for sign in "`*"}) == name and set(wanted) <= set(header):
            return " | ".join(own[header.index(column)] for column in wanted)
    raise ValueError(
        f"include: expected a row {name!r} with the columns {wanted} in {path}, found none; correct the page or the document."
    )


def rows(text, names):
    """Heading and rows of the table of convolutions; every name must have a row."""
    lines = between(text, "convolutions").strip().splitlines()
    wanted = names.split()
    found = [line for line in lines[2:] if any(f"`{name}`" in line for name in wanted)]
    if missing := [name for name in wanted if not any(f"`{name}`" in line for line in found)]:
        raise ValueError(f"include: expected rows of the README's table for {missing}, found none; correct the names.")
    return "\n".join(lines[:2] + found)
