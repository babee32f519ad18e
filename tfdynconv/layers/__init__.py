"""Keras layers: convolutions whose kernel is computed from the input."""

from tfdynconv.layers.cond_conv import CondConv1D as CondConv1D
from tfdynconv.layers.cond_conv import CondConv2D as CondConv2D
from tfdynconv.layers.cond_conv import CondConv3D as CondConv3D
from tfdynconv.layers.cond_conv_transpose import CondConv2DTranspose as CondConv2DTranspose
from tfdynconv.layers.cond_dense import CondDense as CondDense
from tfdynconv.layers.depthwise_cond_conv import DepthwiseCondConv2D as DepthwiseCondConv2D
from tfdynconv.layers.depthwise_dynamic_conv import DepthwiseDynamicConv2D as DepthwiseDynamicConv2D
from tfdynconv.layers.drconv import DRConv2D as DRConv2D
from tfdynconv.layers.dynamic_conv import DynamicConv1D as DynamicConv1D
from tfdynconv.layers.dynamic_conv import DynamicConv2D as DynamicConv2D
from tfdynconv.layers.dynamic_conv import DynamicConv3D as DynamicConv3D
from tfdynconv.layers.dynamic_conv_transpose import DynamicConv2DTranspose as DynamicConv2DTranspose
from tfdynconv.layers.dynet import DepthwiseDyNetConv2D as DepthwiseDyNetConv2D
from tfdynconv.layers.dynet import DyNetConv2D as DyNetConv2D
from tfdynconv.layers.mixture_conv import MixtureConv1D as MixtureConv1D
from tfdynconv.layers.mixture_conv import MixtureConv2D as MixtureConv2D
from tfdynconv.layers.mixture_conv import MixtureConv3D as MixtureConv3D
from tfdynconv.layers.odconv import ODConv1D as ODConv1D
from tfdynconv.layers.odconv import ODConv2D as ODConv2D
from tfdynconv.layers.odconv import ODConv3D as ODConv3D
from tfdynconv.layers.versatile import VersatileConv2D as VersatileConv2D

__all__ = [name for name in dir() if name[0].isupper()]
