"""Blocks of several static convolutions, and how to try them."""

BLOCKS = []
