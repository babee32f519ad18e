"""Blocks of several layers."""

from tfdynconv.blocks.acb import ACBlock2D as ACBlock2D
from tfdynconv.blocks.active import ActiveConv2D as ActiveConv2D
from tfdynconv.blocks.channel_shuffle import ChannelShuffle as ChannelShuffle
from tfdynconv.blocks.dbb import DiverseBranchBlock2D as DiverseBranchBlock2D
from tfdynconv.blocks.deformable import DeformableConv2D as DeformableConv2D
from tfdynconv.blocks.deformable_kernels import DeformableKernelConv2D as DeformableKernelConv2D
from tfdynconv.blocks.doconv import DOConv2D as DOConv2D
from tfdynconv.blocks.dynet import DyMobileBlock as DyMobileBlock
from tfdynconv.blocks.dynet import DyResNetBlock as DyResNetBlock
from tfdynconv.blocks.dynet import DyShuffleBlock as DyShuffleBlock
from tfdynconv.blocks.ghost import GhostModule2D as GhostModule2D
from tfdynconv.blocks.graph_conv import GraphConv as GraphConv
from tfdynconv.blocks.hetconv import HetConv2D as HetConv2D
from tfdynconv.blocks.inception import InceptionBlock as InceptionBlock
from tfdynconv.blocks.involution import Involution2D as Involution2D
from tfdynconv.blocks.locally_connected import LocallyConnected2D as LocallyConnected2D
from tfdynconv.blocks.non_local import NonLocalBlock2D as NonLocalBlock2D
from tfdynconv.blocks.octave import OctaveConv2D as OctaveConv2D
from tfdynconv.blocks.selective_kernel import SKConv2D as SKConv2D
from tfdynconv.blocks.self_calibrated import SCConv2D as SCConv2D
from tfdynconv.blocks.spatial_separable import SpatialSeparableConv2D as SpatialSeparableConv2D
from tfdynconv.blocks.spatial_transformer import SpatialTransformer as SpatialTransformer
from tfdynconv.blocks.split_attention import SplitAttentionConv2D as SplitAttentionConv2D
from tfdynconv.blocks.squeeze_excite import SqueezeExcite as SqueezeExcite

__all__ = [name for name in dir() if name[0].isupper()]
