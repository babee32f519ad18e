"""What a functional model costs, layer by layer."""

import math

import keras

from tfdynconv.routing import Routing

KERNELS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.Dense)


def cost(model):
    """(trainable parameters, multiply-adds of a sample) of a functional model whose sizes are known.

    Counted as `CondConv2D.cost` counts: convolutions, dense layers, mixing and routing; no pooling, biases,
    activations and normalisations. Layers with a `cost` of their own are asked; of Keras' own layers `Conv2D`,
    `DepthwiseConv2D` and `Dense` count.

    Args:
        model: a functional `keras.Model`, each layer called once.

    Raises:
        ValueError: the model's Input leaves the height or width open.

    >>> import tfdynconv
    >>> tfdynconv.models.cost(tfdynconv.models.mobilenet_v2())
    (3504872, 300774272)
    """
    parameters = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    return parameters, sum(multiply_adds(layer) for layer in model.layers)


def multiply_adds(layer):
    """Those of one layer of a model, for a sample."""
    if isinstance(layer, Routing):
        shape = input_shape(layer)
        return layer.cost(layer.channels(shape))[1]
    if hasattr(layer, "cost"):
        return layer.cost(input_shape(layer))[1]
    if not isinstance(layer, KERNELS):
        return 0
    shape, kernel = tuple(layer.output.shape), tuple(layer.weights[0].shape)
    first = getattr(layer, "data_format", None) == "channels_first"
    cells = shape[2:] if first else shape[1:-1]
    if None in cells:
        raise ValueError(
            f"tfdynconv.models.cost: the cost depends on the size of the images. Received: layer {layer.name!r} with the "
            f"output shape {shape}. Give the model's Input a height and a width."
        )
    return math.prod(cells) * math.prod(kernel)


def input_shape(layer):
    """That of the first tensor the layer is called with."""
    tensors = layer.input
    return tuple((tensors[0] if isinstance(tensors, (list, tuple)) else tensors).shape)
