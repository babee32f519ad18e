"""Colours, where somebody sees them: on a terminal, unless NO_COLOR is set or the terminal is a dumb one."""

import os

CODES = {"red": 31, "yellow": 33, "bold": 1}


def coloured(text, colour, stream):
    """The text for this stream."""
    return f"\033[{CODES[colour]}m{text}\033[0m" if is_wanted(stream) else text


def is_wanted(stream):
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
