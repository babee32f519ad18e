"""Blocks that read between pixels, and how to try them."""

BLOCKS = []
