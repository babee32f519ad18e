"""What the layers of a model cost, those of Keras too, by the rules of `CondConv2D.cost`."""

import math

import keras

from tfdynconv.surgery.families import CONVOLUTIONS

K = keras.layers
TRANSPOSED = (K.Conv1DTranspose, K.Conv2DTranspose, K.Conv3DTranspose)
SEPARABLE = (K.SeparableConv1D, K.SeparableConv2D)


def multiply_adds(layer, input_shape):
    """Those of a sample; 0 for what is no convolution and no dense layer, None where sizes are unknown."""
    if callable(getattr(layer, "cost", None)):
        try:
            return layer.cost(input_shape)[1]
        except ValueError:  # it depends on sizes that the model leaves open
            return None
    if type(layer) is K.Dense:
        middle, kernels = input_shape[1:-1], [layer.kernel]
    elif isinstance(layer, CONVOLUTIONS):
        middle = space(layer, input_shape if isinstance(layer, TRANSPOSED) else layer.compute_output_shape(input_shape))
        kernels = layer.weights[: 2 if isinstance(layer, SEPARABLE) else 1]
    else:
        return 0
    return None if None in middle else math.prod(middle) * sum(math.prod(kernel.shape) for kernel in kernels)


def space(layer, shape):
    return tuple(shape[2:]) if layer.data_format == "channels_first" else tuple(shape[1:-1])
