"""Formulas: the fence `math` becomes MathML, which browsers draw by themselves, so that no page needs a script for it."""

from latex2mathml.converter import convert


def fence(source, language, css_class, options, md, **kwargs):
    """Each line is a formula of its own."""
    lines = (convert(line, display="block") for line in source.splitlines() if line.strip())
    return f'<div class="{css_class}">{"".join(lines)}</div>'
