"""Blocks of several layers."""

from tfdynconv.blocks.dynet import DyMobileBlock as DyMobileBlock
from tfdynconv.blocks.dynet import DyResNetBlock as DyResNetBlock
from tfdynconv.blocks.dynet import DyShuffleBlock as DyShuffleBlock
from tfdynconv.blocks.inception import InceptionBlock as InceptionBlock
from tfdynconv.blocks.selective_kernel import SKConv2D as SKConv2D
from tfdynconv.blocks.self_calibrated import SCConv2D as SCConv2D
from tfdynconv.blocks.split_attention import SplitAttentionConv2D as SplitAttentionConv2D
from tfdynconv.blocks.squeeze_excite import SqueezeExcite as SqueezeExcite

__all__ = [name for name in dir() if name[0].isupper()]
