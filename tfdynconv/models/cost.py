"""What a functional model costs, layer by layer."""

import math

from tfdynconv.layers.cost import counted, is_counted


def cost(model):
    """(trainable parameters, multiply-adds of a sample) of a functional model whose sizes are known.

    Counted as `CondConv2D.cost` counts: convolutions, dense layers, mixing and routing; no pooling, biases,
    activations and normalisations. Layers with a `cost` of their own are asked. `tfdynconv.summary` takes every model, and
    tells it layer by layer.

    Args:
        model: a functional `keras.Model`, each layer called once.

    Raises:
        ValueError: the model's Input leaves the height or width open.

    >>> import tfdynconv
    >>> tfdynconv.models.cost(tfdynconv.models.mobilenet_v2())
    (3504872, 300774272)
    """
    parameters = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    return parameters, sum(counted(layer, input_shape(layer)) for layer in model.layers if is_counted(layer))


def input_shape(layer):
    """That of the first tensor the layer is called with."""
    tensors = layer.input
    return tuple((tensors[0] if isinstance(tensors, (list, tuple)) else tensors).shape)
