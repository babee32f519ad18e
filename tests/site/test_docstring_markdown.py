"""A docstring as Markdown, as the page of the API shows it. Wants the extra `docs`, as the build of the site does."""

import pytest

pytestmark = pytest.mark.site

DOCSTRING = """One line.

Cost: none.

Args:
    first: a number,
        or two.
    second, third: others.
        The default: nothing.

Returns:
    A tensor: of
    ones.

Raises:
    ValueError: odd.

Reference: A and B.

>>> f(1)
2

>>> f(2)
3
"""
MARKDOWN = """One line.

**Cost**: none.

**Args**

- `first`: a number, or two.
- `second`, `third`: others. The default: nothing.

**Returns**

- A tensor: of ones.

**Raises**

- `ValueError`: odd.

**Reference**: A and B.

```pycon
>>> f(1)
2

>>> f(2)
3
```
"""


def test_markdown():
    docstrings = pytest.importorskip("website.docstrings")
    lines = [line for line in docstrings.markdown(DOCSTRING).splitlines() if line.strip()]
    assert lines == [line for line in MARKDOWN.splitlines() if line.strip()]
