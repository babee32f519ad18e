"""Blocks of several layers."""

from tfdynconv.blocks.dynet import DyMobileBlock as DyMobileBlock
from tfdynconv.blocks.dynet import DyResNetBlock as DyResNetBlock
from tfdynconv.blocks.dynet import DyShuffleBlock as DyShuffleBlock
from tfdynconv.blocks.ghost import GhostModule2D as GhostModule2D
from tfdynconv.blocks.octave import OctaveConv2D as OctaveConv2D

__all__ = [name for name in dir() if name[0].isupper()]
