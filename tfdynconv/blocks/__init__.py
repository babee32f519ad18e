"""Blocks of several layers."""

from tfdynconv.blocks.active import ActiveConv2D as ActiveConv2D
from tfdynconv.blocks.deformable import DeformableConv2D as DeformableConv2D
from tfdynconv.blocks.deformable_kernels import DeformableKernelConv2D as DeformableKernelConv2D
from tfdynconv.blocks.dynet import DyMobileBlock as DyMobileBlock
from tfdynconv.blocks.dynet import DyResNetBlock as DyResNetBlock
from tfdynconv.blocks.dynet import DyShuffleBlock as DyShuffleBlock
from tfdynconv.blocks.spatial_transformer import SpatialTransformer as SpatialTransformer

__all__ = [name for name in dir() if name[0].isupper()]
