"""Blocks of several layers."""

from tfdynconv.blocks.deformable import DeformableConv2D as DeformableConv2D
from tfdynconv.blocks.dynet import DyMobileBlock as DyMobileBlock
from tfdynconv.blocks.dynet import DyResNetBlock as DyResNetBlock
from tfdynconv.blocks.dynet import DyShuffleBlock as DyShuffleBlock

__all__ = [name for name in dir() if name[0].isupper()]
