"""Keras layers: convolutions whose kernel is computed from the input."""

from tfdynconv.layers.cond_conv import CondConv2D as CondConv2D
from tfdynconv.layers.cond_conv import DepthwiseCondConv2D as DepthwiseCondConv2D
from tfdynconv.layers.cond_dense import CondDense as CondDense
from tfdynconv.layers.dynamic_conv import DynamicConv2D as DynamicConv2D
from tfdynconv.layers.mixture_conv import MixtureConv1D as MixtureConv1D
from tfdynconv.layers.mixture_conv import MixtureConv2D as MixtureConv2D
from tfdynconv.layers.mixture_conv import MixtureConv3D as MixtureConv3D

__all__ = [name for name in dir() if name[0].isupper()]
