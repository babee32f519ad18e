"""Branches of a block that folds: each is linear at inference, and knows the kernel and bias that it comes to."""

import dataclasses
import math

import keras

from tfdynconv import _compat
from tfdynconv.layers.fold import centred
from tfdynconv.layers.fold_norm import fold_norm
from tfdynconv.ops.branch_padding import crop_for
from tfdynconv.ops.geometry import ConvGeometry
from tfdynconv.ops.static_conv import static_conv


@dataclasses.dataclass(frozen=True)
class Site:
    """The convolution that the branches stand for together."""

    filters: int
    kernel_size: tuple
    strides: tuple
    dilations: tuple
    groups: int

    @property
    def geometry(self):
        """Of a branch, once the input is padded."""
        return ConvGeometry(self.strides, self.dilations, "VALID")


class CentredConv(keras.layers.Layer):
    """A convolution without bias in the middle of the block's window, then batch normalisation.

    Args:
        site: the block's `Site`.
        kernel_size: of this branch.
        norm: a built batch normalisation over the filters.
        kernel_arguments: for `add_weight`.
    """

    def __init__(self, site, kernel_size, norm, kernel_arguments, **kwargs):
        super().__init__(**kwargs)
        self.site, self.kernel_size, self.norm = site, tuple(kernel_size), norm
        self.kernel_arguments = kernel_arguments

    def build(self, input_shape):
        shape = (*self.kernel_size, input_shape[-1] // self.site.groups, self.site.filters)
        self.kernel = self.add_weight(name="kernel", shape=shape, **self.kernel_arguments)
        super().build(input_shape)

    def call(self, padded, training=None):
        site = self.site
        seen = crop_for(padded, site.kernel_size, self.kernel_size, site.dilations)
        return self.norm(static_conv(seen, _compat.values(self.kernel), site.geometry, site.groups), training=training)

    def folded(self):
        """`(kernel [*site.kernel_size, channels / groups, filters], bias)` in float64."""
        kernel, bias = fold_norm(self.kernel.numpy(), None, self.norm)
        return centred(kernel, self.site.kernel_size), bias

    def count(self, channels, inputs, outputs):
        """(parameters, multiply-adds) for numbers of input channels, input cells and output cells."""
        kernel = math.prod(self.kernel_size) * channels // self.site.groups * self.site.filters
        return kernel + 2 * self.site.filters, kernel * outputs
