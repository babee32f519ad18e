"""What the commands' options may be."""

import argparse


def positive(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a positive whole number, received {text!r}")
    return int(text)


def numbers(text):
    """Numbers with commas between them, each maybe a fraction: 1/255 or 0.017,0.018,0.017."""
    try:
        return [fraction(part) for part in text.split(",")]
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError(f"expected numbers like 0.5, 1/255 or 1,2,3, received {text!r}") from None


def fraction(text):
    above, _, below = text.partition("/")
    return float(above) / float(below or 1)
