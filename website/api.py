"""The page of the API: every public name of a package, read in its `__init__.py` without importing it.

A page says where:

    <!-- api: tfdynconv.layers -->
"""

import ast
import pathlib
import re

ROOT = pathlib.Path(__file__).parent.parent
DIRECTIVE = re.compile(r"^<!-- api: (\S+) -->$", re.MULTILINE)


def public(package):
    """(name, where it is defined) of what a package offers, in alphabetical order."""
    source = (ROOT / package.replace(".", "/") / "__init__.py").read_text(encoding="utf-8")
    imports = [node for node in ast.parse(source).body if isinstance(node, ast.ImportFrom)]
    return sorted((alias.asname, f"{node.module}.{alias.name}") for node in imports for alias in node.names)


def fill(markdown):
    """`markdown` with a directive of mkdocstrings for each name in place of such a comment."""
    return DIRECTIVE.sub(lambda match: "\n\n".join(f"::: {path}" for _, path in public(match.group(1))), markdown)
