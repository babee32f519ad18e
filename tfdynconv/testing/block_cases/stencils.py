"""Blocks whose kernels belong to positions, and graphs, and how to try them."""

BLOCKS = []
