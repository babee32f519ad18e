"""Blocks of several layers."""

from tfdynconv.blocks.acb import ACBlock2D as ACBlock2D
from tfdynconv.blocks.dbb import DiverseBranchBlock2D as DiverseBranchBlock2D
from tfdynconv.blocks.doconv import DOConv2D as DOConv2D
from tfdynconv.blocks.dynet import DyMobileBlock as DyMobileBlock
from tfdynconv.blocks.dynet import DyResNetBlock as DyResNetBlock
from tfdynconv.blocks.dynet import DyShuffleBlock as DyShuffleBlock
from tfdynconv.blocks.hetconv import HetConv2D as HetConv2D
from tfdynconv.blocks.spatial_separable import SpatialSeparableConv2D as SpatialSeparableConv2D

__all__ = [name for name in dir() if name[0].isupper()]
