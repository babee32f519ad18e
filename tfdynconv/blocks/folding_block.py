"""A block of several branches, each normalised, in the place of one convolution."""

import math

import keras

from tfdynconv.blocks.base import Block
from tfdynconv.blocks.branches import CentredConv, Site
from tfdynconv.layers.bank import reseeded
from tfdynconv.layers.conv_window import ConvWindow
from tfdynconv.layers.fold import Folds
from tfdynconv.ops.branch_padding import pads_for


class FoldingBlock(Folds, ConvWindow, Block):
    """The window of a `Conv2D`, and how the branches' kernels and normalisations are made.

    Hooks of a subclass:
        make_branches(shape): a list of branches, built; `centred_conv` makes one of the common kind.
        branch_outputs(inputs, pads, training): their outputs, to be summed, each of the whole window's size.

    A branch has, beside its call, `folded() -> (kernel [*kernel_size, channels / groups, filters], bias)` in float64, and
    `count(channels, input cells, output cells) -> (parameters, multiply-adds)`.
    """

    rank = 2

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        data_format=None,
        dilation_rate=1,
        groups=1,
        activation=None,
        kernel_initializer="glorot_uniform",
        kernel_regularizer=None,
        kernel_constraint=None,
        gamma_initializer="ones",
        branch_gamma_initializer="ones",
        **kwargs,
    ):
        super().__init__(filters, kernel_size, strides, padding, data_format, dilation_rate, groups, **kwargs)
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.kernel_constraint = keras.constraints.get(kernel_constraint)
        self.gamma_initializer = keras.initializers.get(gamma_initializer)
        self.branch_gamma_initializer = keras.initializers.get(branch_gamma_initializer)
        if not all(k % 2 for k in self.kernel_size):
            raise ValueError(
                f"{self.label}: `kernel_size` must be odd, so that the smaller kernels have a middle to lie in. Received: "
                f"kernel_size={kernel_size}."
            )

    @property
    def site(self):
        return Site(self.filters, self.kernel_size, self.strides, self.dilation_rate, self.groups)

    def kernel_arguments(self, index):
        """For `add_weight`; each index gives the initializer another seed, or equal shapes would start equal."""
        return {
            "initializer": reseeded(self.kernel_initializer, index),
            "regularizer": self.kernel_regularizer,
            "constraint": self.kernel_constraint,
            "trainable": True,
        }

    def norm_over(self, channels, gamma_initializer="ones"):
        return self.norm((None, None, None, channels), "norm", gamma_initializer=gamma_initializer)

    def centred_conv(self, name, index, kernel_size, shape, gamma_initializer):
        """A `CentredConv` for inputs of this shape."""
        norm = self.norm_over(self.filters, gamma_initializer)
        branch = CentredConv(
            self.site, kernel_size, norm, self.kernel_arguments(index), name=name, dtype=self.dtype_policy
        )
        return self.grow(branch, shape)

    def make(self, shape):
        self.kernel_shape(shape[-1])  # checks the groups
        self.branches = self.make_branches(shape)

    def run(self, inputs, training):
        pads = pads_for(inputs, self.padding, self.kernel_size, self.strides, self.dilation_rate)
        first, *others = self.branch_outputs(inputs, pads, training)
        outputs = sum(others, first)
        return outputs if self.activation is None else self.activation(outputs)

    def channels(self, input_shape):
        return self.last(input_shape)[-1]

    def folded(self):
        kernels, biases = zip(*(branch.folded() for branch in self.branches))
        return {"kernel": sum(kernels), "bias": sum(biases)}

    def count(self, shape):
        inputs, outputs = math.prod(shape[1:3]), math.prod(self.output_cells(shape[1:3]))
        counts = [branch.count(shape[-1], inputs, outputs) for branch in self.branches]
        return tuple(map(sum, zip(*counts)))

    def get_config(self):
        return {
            **super().get_config(),
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "kernel_constraint": keras.constraints.serialize(self.kernel_constraint),
            "gamma_initializer": keras.initializers.serialize(self.gamma_initializer),
            "branch_gamma_initializer": keras.initializers.serialize(self.branch_gamma_initializer),
        }
