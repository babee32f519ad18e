"""Blocks that fold to one convolution, and how to try them."""

BLOCKS = []
