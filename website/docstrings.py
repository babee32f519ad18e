"""Docstrings of the package as Markdown for the page of the API: sections become lists, examples become code."""

import re

from griffe import Extension

NAMES = "Args|Call arguments|Returns|Raises|Yields|Attributes"
SECTION = re.compile(rf"^({NAMES}):\n((?:[ ]{{4}}.*(?:\n|\Z)|\n(?=[ ]{{4}}))+)", re.MULTILINE)
EXAMPLE = re.compile(r"^>>> .*(?:\n.+)*(?:\n\n>>> .*(?:\n.+)*)*", re.MULTILINE)
ENTRY = re.compile(r"^((?:\w[\w ]*,\s+)*\w[\w ]*):\s", re.MULTILINE)


def item(entry):
    """`a, b: text` with the names as code."""
    joined = " ".join(entry.split())
    named = ENTRY.match(joined)
    if not named:
        return joined
    return ", ".join(f"`{name}`" for name in named.group(1).split(", ")) + f": {joined[named.end() :]}"


def section(match):
    """Each entry, `name: text` or `name, name: text` even over two lines, as one item of a list."""
    lines = re.sub(r"^    ", "", match.group(2), flags=re.MULTILINE)
    starts = [entry.start() for entry in ENTRY.finditer(lines)] or [0]
    entries = [lines[a:b] for a, b in zip(starts, [*starts[1:], None])]
    items = [" ".join(lines.split())] if match.group(1) in ("Returns", "Yields") else map(item, entries)
    return f"**{match.group(1)}**\n\n" + "".join(f"- {text}\n" for text in items) + "\n"


def markdown(text):
    text = SECTION.sub(section, text)
    text = re.sub(r"^(Shapes|Cost|Reference|Raises)\b", r"**\1**", text, flags=re.MULTILINE)
    return EXAMPLE.sub(lambda match: f"```pycon\n{match.group()}\n```", text)


class Markdown(Extension):
    """Griffe calls it for each object that it has read."""

    def on_instance(self, *, obj, **kwargs):
        if obj.docstring:
            obj.docstring.value = markdown(obj.docstring.value)
