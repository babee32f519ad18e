"""Blocks that weigh branches and channels, and how to try them."""

BLOCKS = []
