"""What each weight of a network is called in published PyTorch files, and how it lies there."""

import dataclasses
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import keras

from tfdynconv.layers import CondConv2D, DepthwiseCondConv2D, ODConv2D, torch_layout
from tfdynconv.routing import SigmoidRouting


@dataclasses.dataclass(frozen=True)
class Tensor:
    """A published tensor: its shape, the weight it belongs to, and the way from its layout to the weight's."""

    shape: tuple
    weight: Any
    convert: Callable


def same(array):
    return array


def one_of(bank, shape, array):
    """The only kernel of a bank of one."""
    return bank(array, 1, shape)[0]


def vector(weight):
    return Tensor(tuple(weight.shape), weight, same)


def odconv(layer):
    *kernel_size, channels, filters = layer.kernel.shape[1:]
    for name, (weight, convert) in layer.torch_table().items():
        shape = tuple(weight.shape)
        if name == "weight":
            shape = (shape[0], filters, channels, *kernel_size)
        elif name.endswith("fc.weight"):
            shape = (*reversed(shape), 1, 1)  # a 1x1 convolution there
        yield name, Tensor(shape, weight, convert)


def rows(layer):
    """timm flattens each kernel of a bank to a row."""
    for name, (weight, convert) in layer.torch_table().items():
        count, *kernel = weight.shape
        yield name, Tensor((count, math.prod(kernel)), weight, convert)


def dense(layer):
    yield "weight", Tensor(tuple(reversed(layer.kernel.shape)), layer.kernel, torch_layout.dense_kernel)
    if layer.use_bias:
        yield "bias", vector(layer.bias)


def routing(layer):
    yield from dense(layer.dense)


def norm(layer):
    names = ("weight", "bias", "running_mean", "running_var")
    weights = (layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance)
    yield from ((name, vector(weight)) for name, weight in zip(names, weights))


def conv(layer):
    kernel, *bias = layer.weights
    *kernel_size, channels, filters = shape = tuple(kernel.shape)
    convert = partial(one_of, torch_layout.convolution_bank, shape)
    yield "weight", Tensor((filters, channels, *kernel_size), kernel, convert)
    yield from (("bias", vector(weight)) for weight in bias)


def depthwise(layer):
    kernel, *bias = layer.weights
    *kernel_size, channels, multiplier = shape = tuple(kernel.shape)
    convert = partial(one_of, torch_layout.depthwise_bank, shape)
    yield "weight", Tensor((channels * multiplier, 1, *kernel_size), kernel, convert)
    yield from (("bias", vector(weight)) for weight in bias)


KINDS = {
    ODConv2D: odconv,
    CondConv2D: rows,
    DepthwiseCondConv2D: rows,
    SigmoidRouting: routing,
    keras.layers.BatchNormalization: norm,
    keras.layers.DepthwiseConv2D: depthwise,
    keras.layers.Conv2D: conv,
    keras.layers.Dense: dense,
}


def published_names(model):
    """`{published name: Tensor}` of a model whose layers have published names, as those of `tfdynconv.models` have.

    Raises:
        ValueError: a layer with weights of which no published form is known.
    """
    found = {}
    for layer in model.layers:
        if not layer.weights:
            continue
        kind = KINDS.get(type(layer))
        if kind is None:
            raise ValueError(
                f"tfdynconv.models.load_published: no published form is known of the weights of {type(layer).__name__} "
                f"{layer.name!r}. Known are {', '.join(cls.__name__ for cls in KINDS)}; load the others by hand."
            )
        found.update((f"{layer.name}.{name}", tensor) for name, tensor in kind(layer))
    return found
