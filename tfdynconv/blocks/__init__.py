"""Blocks of several layers."""

from tfdynconv.blocks.channel_shuffle import ChannelShuffle as ChannelShuffle
from tfdynconv.blocks.dynet import DyMobileBlock as DyMobileBlock
from tfdynconv.blocks.dynet import DyResNetBlock as DyResNetBlock
from tfdynconv.blocks.dynet import DyShuffleBlock as DyShuffleBlock
from tfdynconv.blocks.graph_conv import GraphConv as GraphConv
from tfdynconv.blocks.involution import Involution2D as Involution2D
from tfdynconv.blocks.locally_connected import LocallyConnected2D as LocallyConnected2D
from tfdynconv.blocks.non_local import NonLocalBlock2D as NonLocalBlock2D

__all__ = [name for name in dir() if name[0].isupper()]
