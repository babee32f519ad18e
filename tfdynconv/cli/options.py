"""What the options may be."""

import argparse
import math


def positive(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a positive whole number, received {text!r}")
    return int(text)


def shape(text):
    """Sizes with commas between them: 224,224,3."""
    return tuple(positive(size.strip()) for size in text.split(","))


def tolerance(text):
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number from 0 up, received {text!r}")
    return value
