"""The same model with a static convolution in the place of every dynamic one; its weights are of no account."""

import keras

from tfdynconv.blocks.deformable import DeformableConv2D
from tfdynconv.blocks.deformable_kernels import DeformableKernelConv2D
from tfdynconv.export.signature import is_graph
from tfdynconv.layers.base_depthwise_mixture import BaseDepthwiseMixture
from tfdynconv.layers.base_mixture import BaseMixture
from tfdynconv.layers.base_mixture_transpose import BaseMixtureTranspose
from tfdynconv.layers.cond_dense import CondDense
from tfdynconv.layers.drconv import DRConv2D
from tfdynconv.layers.versatile import VersatileConv2D
from tfdynconv.layers.walk import walk

CONVOLUTIONS = {1: keras.layers.Conv1D, 2: keras.layers.Conv2D, 3: keras.layers.Conv3D}
PADDINGS = {1: keras.layers.ZeroPadding1D, 2: keras.layers.ZeroPadding2D, 3: keras.layers.ZeroPadding3D}
# What has a convolution or dense layer of Keras as its static counterpart.
DYNAMIC = (BaseMixture, DRConv2D, VersatileConv2D, DeformableConv2D, DeformableKernelConv2D)


class NoTwin(Exception):
    """The model has no static twin; `str` says why."""


def static_twin(model):
    """A new model, or `NoTwin`."""
    if not any(isinstance(layer, DYNAMIC) for layer in walk(model)):
        raise NoTwin("the model has no dynamic layer")
    if not is_graph(model):
        raise NoTwin("only Sequential and functional models can be built again with other layers")
    try:
        twin = keras.models.clone_model(model, clone_function=replaced)
    except (ValueError, TypeError) as error:
        raise NoTwin(
            "a layer cannot be exchanged; one that is called with coefficients from elsewhere is such a layer "
            f"({' '.join(str(error).split())[:150]})"
        ) from error
    left = [layer.name for layer in walk(twin) if isinstance(layer, DYNAMIC)]
    if left:
        raise NoTwin(f"{left[0]!r} is inside a layer of another class, which cannot be built again without it")
    return twin


def replaced(layer):
    """What stands for a layer in the twin."""
    if isinstance(layer, DYNAMIC):
        return static_layer(layer)
    if isinstance(layer, keras.Model):
        dynamic = any(isinstance(inner, DYNAMIC) for inner in walk(layer))
        return static_twin(layer) if dynamic and is_graph(layer) else layer
    return type(layer).from_config(layer.get_config())


def static_layer(layer):
    """The layer of Keras that computes with one kernel what a dynamic layer computes with many."""
    shared = {
        "name": layer.name,
        "dtype": layer.dtype_policy,
        "activation": layer.activation,
        "use_bias": layer.use_bias,
    }
    if isinstance(layer, CondDense):
        return keras.layers.Dense(layer.units, **shared)
    shared |= {"strides": layer.strides, "data_format": layer.data_format, "dilation_rate": layer.dilation_rate}
    if isinstance(layer, BaseMixtureTranspose):
        arguments = {"padding": layer.padding, "output_padding": layer.output_padding, **shared}
        return keras.layers.Conv2DTranspose(layer.filters, layer.kernel_size, **arguments)
    return padded(layer, lambda padding: convolution(layer, {"padding": padding, **shared}))


def convolution(layer, arguments):
    if isinstance(layer, BaseDepthwiseMixture):
        return keras.layers.DepthwiseConv2D(layer.kernel_size, depth_multiplier=layer.depth_multiplier, **arguments)
    if layer.rank == 2 and layer.groups > 1 and layer.built and layer.strides[0] == layer.strides[1]:
        if layer.kernel.shape[-2] == 1:  # a depthwise convolution by another name
            multiplier = layer.filters // layer.groups
            return keras.layers.DepthwiseConv2D(layer.kernel_size, depth_multiplier=multiplier, **arguments)
    return CONVOLUTIONS[layer.rank](layer.filters, layer.kernel_size, groups=layer.groups, **arguments)


def padded(layer, make):
    """The convolution; padding in numbers, which Keras' own have not, as a layer before it."""
    if isinstance(layer.padding, str):
        return make(layer.padding)
    pairs = layer.padding[0] if layer.rank == 1 else layer.padding
    options = {"data_format": layer.data_format, "dtype": layer.dtype_policy}
    return keras.Sequential([PADDINGS[layer.rank](pairs, **options), make("valid")], name=layer.name)
