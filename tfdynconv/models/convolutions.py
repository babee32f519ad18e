"""What a network's convolutions are: handed to the network, which says where each stands."""

import keras

from tfdynconv import _compat
from tfdynconv.layers import (
    CondConv2D,
    DepthwiseCondConv2D,
    DepthwiseDynamicConv2D,
    DRConv2D,
    DynamicConv2D,
    ODConv2D,
)
from tfdynconv.models.classifier import CondClassifier
from tfdynconv.routing import SigmoidRouting


def inside(place):
    """Everywhere but in the first convolution and the classifier."""
    return place.role not in ("stem", "classifier")


class Convolutions:
    """Which layer stands where in a network; without arguments, Keras' static ones everywhere.

    Args:
        conv: class of a layer with the arguments of `keras.layers.Conv2D`.
        depthwise: class of a layer with those of `keras.layers.DepthwiseConv2D`; None for `conv` with as many groups as
            channels.
        dense: class of a layer with those of `keras.layers.Dense`, for the classifier; None for a static one.
        where: `Place -> bool`, whether the convolution there is dynamic.
        shared: None, or `(argument, make)`: in each block the layers are made with `argument=None` and all called with the
            result of one layer, `make(name)`, on the block's input.
        arguments: of all the dynamic layers.

    >>> import tfdynconv
    >>> last = tfdynconv.models.Convolutions(
    ...     tfdynconv.DynamicConv2D, where=lambda place: place.role == "conv" and place.from_the_end <= 2, num_kernels=2)
    >>> model = tfdynconv.models.resnet(18, last, input_shape=(32, 32, 3), classes=10)
    >>> [layer.name for layer in model.layers if isinstance(layer, tfdynconv.DynamicConv2D)]
    ['layer4.0.conv1', 'layer4.0.conv2', 'layer4.1.conv1', 'layer4.1.conv2']
    """

    def __init__(self, conv=None, depthwise=None, dense=None, where=inside, shared=None, **arguments):
        self.conv, self.depthwise, self.dense = conv, depthwise, dense
        self.where, self.shared, self.arguments = where, shared, arguments

    def is_dynamic(self, place):
        if place.role == "classifier":
            return self.dense is not None and self.where(place)
        return self.conv is not None and self.where(place)

    def shares(self, place):
        """Whether the layer there is called with what its block shares."""
        return self.shared is not None and place.block is not None and self.is_dynamic(place)

    def own(self, place):
        """The arguments that the dynamic layer there has beside those of its window."""
        return {**self.arguments, **({self.shared[0]: None} if self.shares(place) else {})}

    def make_conv(self, place, filters, kernel_size, initializer, **window):
        """A convolution; `window` has strides, padding, use_bias and name."""
        if not self.is_dynamic(place):
            return keras.layers.Conv2D(filters, kernel_size, kernel_initializer=initializer, **window)
        return self.conv(filters, kernel_size, kernel_initializer=initializer, **window, **self.own(place))

    def make_depthwise(self, place, channels, kernel_size, initializer, **window):
        is_dynamic = self.is_dynamic(place)
        if is_dynamic and self.depthwise is None:
            return self.make_conv(place, channels, kernel_size, initializer, groups=channels, **window)
        layer, own = (self.depthwise, self.own(place)) if is_dynamic else (keras.layers.DepthwiseConv2D, {})
        return layer(kernel_size, depthwise_initializer=initializer, **window, **own)

    def make_dense(self, place, units, **arguments):
        if not self.is_dynamic(place):
            return keras.layers.Dense(units, **arguments)
        return self.dense(units, **arguments, **self.own(place))


def condconv(where, num_experts=8):
    """CondConv as published (arXiv 1904.04971): one routing for each block, from the block's input.

    >>> import tfdynconv
    >>> late = tfdynconv.models.condconv(lambda place: place.role == "classifier" or (place.block or 0) >= 7)
    >>> tfdynconv.models.mobilenet_v1(late, input_shape=(32, 32, 3), classes=10).get_layer("classifier").num_kernels
    8
    """

    def routing(name):
        return SigmoidRouting(num_experts, data_format="channels_last", name=f"{name}routing_fn")

    layers = {"conv": CondConv2D, "depthwise": DepthwiseCondConv2D, "dense": CondClassifier}
    return Convolutions(**layers, where=where, shared=("routing", routing), num_experts=num_experts)


def dynamic_conv(num_kernels=4, where=inside, **arguments):
    """Dynamic Convolution (arXiv 1912.03458) everywhere but in stem and classifier, as the ODConv authors compare it."""
    return Convolutions(DynamicConv2D, DepthwiseDynamicConv2D, where=where, num_kernels=num_kernels, **arguments)


def odconv(num_kernels=1, **arguments):
    """ODConv as in its authors' repository (arXiv 2209.07947): everywhere but in stem, shortcuts and classifier."""
    return Convolutions(
        ODConv2D, where=lambda place: inside(place) and place.role != "shortcut", num_kernels=num_kernels, **arguments
    )


def drconv(num_regions=8, num_basis=8):
    """DRConv as in its authors' repository (arXiv 2003.12243): both 1x1 convolutions of a unit, with one guide."""

    def guide(name):
        return keras.layers.Conv2D(
            num_regions, 1, use_bias=False, data_format="channels_last", name=f"{name}guide", dtype=_compat.floatx()
        )

    return Convolutions(
        DRConv2D,
        where=lambda place: place.role in ("expand", "project"),
        shared=("guide", guide),
        num_regions=num_regions,
        generator="basis",
        num_basis=num_basis,
    )
