"""What the layers of a model cost, those of Keras too, by the rules of `CondConv2D.cost`."""

import math

import keras

from tfdynconv.layers.base_depthwise_mixture import BaseDepthwiseMixture
from tfdynconv.layers.cond_dense import CondDense
from tfdynconv.layers.conv_window import ConvWindow
from tfdynconv.layers.walk import walk
from tfdynconv.routing import Routing

K = keras.layers
TRANSPOSED = (K.Conv1DTranspose, K.Conv2DTranspose, K.Conv3DTranspose)
SEPARABLE = (K.SeparableConv1D, K.SeparableConv2D)
CONVOLUTIONS = (K.Conv1D, K.Conv2D, K.Conv3D, K.DepthwiseConv1D, K.DepthwiseConv2D, *SEPARABLE, *TRANSPOSED)


def is_counted(layer):
    """Whether it has multiply-adds by these rules, or counts them itself."""
    return isinstance(layer, (*CONVOLUTIONS, K.Dense)) or callable(getattr(layer, "cost", None))


def multiply_adds(layer, input_shape):
    """Those of a sample; 0 for what is no convolution, dense layer or routing, None where they cannot be known."""
    try:
        return counted(layer, input_shape)
    except ValueError:  # they depend on sizes that the model leaves open, or on a routing or guide of the user's own
        return None


def counted(layer, input_shape):
    """The same, or a `ValueError` that says what is not known."""
    if isinstance(layer, Routing):
        return layer.cost(layer.channels(input_shape))[1]
    if callable(getattr(layer, "cost", None)):
        return layer.cost(input_shape)[1]
    if isinstance(layer, K.Dense):
        middle, kernels = input_shape[1:-1], [layer.kernel]
    elif isinstance(layer, CONVOLUTIONS):
        middle = space(layer, input_shape if isinstance(layer, TRANSPOSED) else layer.compute_output_shape(input_shape))
        kernels = layer.weights[: 2 if isinstance(layer, SEPARABLE) else 1]
    else:
        return 0
    if None in middle:
        raise ValueError(
            f"{type(layer).__name__} {layer.name!r}: the cost depends on sizes that are not known. Received: input shape "
            f"{tuple(input_shape)}. Give the model's Input a height and a width."
        )
    return math.prod(middle) * sum(math.prod(kernel.shape) for kernel in kernels)


def space(layer, shape):
    return tuple(shape[2:]) if layer.data_format == "channels_first" else tuple(shape[1:-1])


def static_cost(layer, input_shape):
    """(weights of the kernel, of the bias, multiply-adds) of the layer of Keras that stands for a dynamic one."""
    channels = layer.channels(input_shape)
    if isinstance(layer, (BaseDepthwiseMixture, CondDense)):
        kernel = math.prod(layer.kernel_shape(channels))
    else:  # not the layer's own `kernel_shape`: some store fewer filters than come out
        kernel = math.prod(ConvWindow.kernel_shape(layer, channels))
    bias = layer.output_channels(channels) if layer.use_bias else 0
    return kernel, bias, None if None in input_shape[1:] else layer.multiply_adds(input_shape, kernel)


def parameters(layer):
    """How many numbers training moves in it, or would if they were not frozen."""
    return sum(math.prod(weight.shape) for weight in trained_weights(layer))


def trained_weights(layer):
    """Its weights but for moving statistics, temperatures, seeds; those of frozen layers too."""
    moved = {}
    for inner in walk(layer):
        if isinstance(inner, K.BatchNormalization):
            own = [weight for weight in (inner.gamma, inner.beta) if weight is not None]
        elif inner.trainable:
            own = inner.trainable_weights
        else:
            own = inner.weights if len(list(walk(inner))) == 1 else []
        moved |= {id(weight): weight for weight in own}
    return list(moved.values())
