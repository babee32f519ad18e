"""Inception blocks (arXiv 1409.4842, 1512.00567): branches of several depths and windows side by side."""

import keras
import tensorflow as tf

from tfdynconv.blocks.base import Block
from tfdynconv.blocks.conv_norm import ConvNorm
from tfdynconv.blocks.inception_branches import standardize_branches
from tfdynconv.blocks.inception_forms import InceptionForms
from tfdynconv.ops.branch_padding import crop_for, pad_once, pads_alike
from tfdynconv.ops.branch_pooling import POOLS, pool_branch
from tfdynconv.ops.geometry import output_length, standardize_ints, standardize_padding


@keras.saving.register_keras_serializable(package="tfdynconv")
class InceptionBlock(InceptionForms, Block):
    """Several branches of convolutions and one that pools, over the same input, side by side.

    `y = [branch_1(x), branch_2(x), ..., conv1x1(pool(x))]`, every convolution followed by batch normalisation and activation.
    Strides belong to the last convolution of each branch and to the pooling; these read the same grid, padded once, for the
    largest window. The 1x1 convolutions with which branches start are computed as one.

    The published blocks, with their channels as arguments: `InceptionBlock.v1`, `v2`, `v3a`, `v3b`, `v3c`, `reduction`.

    Args:
        branches: for each branch its convolutions in a row, each a pair `(filters, kernel_size)`, kernels odd. The last may
            be a list of pairs, all fed with the same and put side by side.
        pool_filters: of the 1x1 convolution behind the pooling; None for none.
        pooling: `"max"`, `"average"`, or None for no such branch. Cells beyond the border do not count, but for
            `"average"` with padding in numbers, where they are zeros as in PyTorch.
        pool_size: its window.
        strides, data_format: as in `keras.layers.Conv2D`.
        padding: "same", "valid", an int or a (before, after) pair per axis: of the last window of each branch, as numbers for
            the largest. All other convolutions keep the size.
        activation: behind each convolution.
        use_bias: of each convolution.
        use_norm: batch normalisation behind each, without scale, as in Keras' InceptionV3.

    Shapes: `[batch, height, width, channels] -> [batch, height', width', filters of all branches]`, as `keras.layers.Conv2D`.

    Raises:
        ValueError: branches of another form, even windows, strides above the pooling's window, bad arguments.

    Cost, k taps, C channels and F filters of a convolution, p pixels that come out of it: parameters `k C F`, with
    normalisation F, with bias F more, and multiply-adds `p k C F` summed over the convolutions.

    Reference: Szegedy et al., Inception, arXiv 1409.4842 (v1); arXiv 1512.00567 (v2, v3).

    >>> import tensorflow as tf, tfdynconv
    >>> block = tfdynconv.blocks.InceptionBlock([[(8, 1)], [(4, 1), (8, 3)]], pool_filters=4, strides=2)
    >>> block(tf.ones([2, 8, 8, 6])).shape
    TensorShape([2, 4, 4, 20])
    >>> tfdynconv.blocks.InceptionBlock.v1(64, 96, 128, 16, 32, 32)(tf.ones([2, 8, 8, 192])).shape
    TensorShape([2, 8, 8, 256])
    """

    def __init__(
        self,
        branches,
        pool_filters=None,
        pooling="max",
        pool_size=3,
        strides=1,
        padding="same",
        data_format=None,
        activation="relu",
        use_bias=False,
        use_norm=True,
        **kwargs,
    ):
        super().__init__(data_format=data_format, **kwargs)
        self.branches = standardize_branches(branches, self.label)
        if pooling not in (None, *POOLS):
            raise ValueError(f"{self.label}: `pooling` must be None or one of {tuple(POOLS)}. Received: {pooling!r}.")
        if pool_filters is not None:
            self.check_positive("pool_filters", pool_filters)
        self.pool_filters, self.pooling = pool_filters, pooling
        self.pool_size = standardize_ints(pool_size, 2, "pool_size", self.label)
        self.strides = standardize_ints(strides, 2, "strides", self.label)
        self.padding = standardize_padding(padding, 2, self.label)
        self.activation = keras.activations.get(activation)
        self.use_bias, self.use_norm = use_bias, use_norm
        if pooling is not None:
            self.check_pool()

    def check_pool(self):
        if not all(n % 2 for n in self.pool_size):
            raise ValueError(f"{self.label}: `pool_size` must be odd. Received: pool_size={self.pool_size}.")
        if self.padding == "same" and any(n < s for n, s in zip(self.pool_size, self.strides)):
            raise ValueError(
                f"{self.label}: with padding='same' `pool_size` must not be below `strides`, or pixels are lost. Received: "
                f"pool_size={self.pool_size}, strides={self.strides}."
            )
        pads = ((0, 0),) * 2 if isinstance(self.padding, str) else self.padding
        for pair, k, n in zip(pads, self.largest, self.pool_size):
            if max(pair) - (k - n) // 2 > n // 2:
                raise ValueError(
                    f"{self.label}: `padding` leaves pooling windows with nothing but padding. Received: padding="
                    f"{self.padding}, pool_size={self.pool_size}, where the largest window is {self.largest}."
                )

    @property
    def windows(self):
        """Those that have the strides."""
        last = [size for branch in self.branches for _, size in branch[-1]]
        return last if self.pooling is None else [*last, self.pool_size]

    @property
    def largest(self):
        return tuple(map(max, zip(*self.windows)))

    @property
    def pads_itself(self):
        return pads_alike(self.padding, self.windows, self.strides)

    def starts_at_entry(self, branch):
        """Whether it starts with a 1x1 convolution that such branches share.

        One that is a whole branch stays apart: in 8 bits what is split has one scale, and what is put side by side another.
        """
        return len(branch) > 1 and len(branch[0]) == 1 and branch[0][0][1] == (1, 1)

    def conv(self, name, filters, kernel_size=(1, 1), strides=(1, 1), padding="same"):
        norm = self.plain_norm if self.use_norm else None
        arguments = {"use_bias": self.use_bias, "norm": norm, "activation": self.activation}
        return ConvNorm(filters, kernel_size, strides, padding, **arguments, dtype=self.dtype_policy, name=name)

    def plain_norm(self, shape, name):
        return self.norm(shape, name, scale=False, epsilon=1e-3)

    def parts(self, shape):
        """`{name: (convolution not built, its input shape)}`."""
        channels, found, word = shape[-1], {}, "same" if self.pads_itself else "valid"
        entries = [branch[0][0][0] for branch in self.branches if self.starts_at_entry(branch)]
        if entries:
            found["entry"] = self.conv("entry", sum(entries)), channels
        for i, branch in enumerate(self.branches):
            width, first = channels, 0
            if self.starts_at_entry(branch):
                width, first = branch[0][0][0], 1
            for j, step in enumerate(branch[first:], start=first):
                last = j == len(branch) - 1
                window = {"strides": self.strides, "padding": word} if last else {}
                for k, (filters, size) in enumerate(step):
                    name = f"branch_{i}_{j}_{k}"
                    found[name] = self.conv(name, filters, size, **window), width
                width = step[0][0]
        if self.pooling is not None and self.pool_filters is not None:
            found["projection"] = self.conv("projection", self.pool_filters), channels
        return {name: (conv, (*shape[:-1], width)) for name, (conv, width) in found.items()}

    def make(self, shape):
        if any(n is not None and n < 1 for n in self.output_shape(shape)[1:3]):
            raise ValueError(
                f"{self.label}: the largest window is larger than the (padded) input, so the output would be empty. "
                f"Received: input shape {shape}, channels last, largest window {self.largest}, padding={self.padding!r}. "
                "Use padding='same' or a smaller window."
            )
        self.convs = {name: self.grow(conv, shape) for name, (conv, shape) in self.parts(shape).items()}

    def run(self, inputs, training):
        def conv(name, maps):
            return self.convs[name](maps, training=training)

        shared = iter(())
        if "entry" in self.convs:
            widths = [branch[0][0][0] for branch in self.branches if self.starts_at_entry(branch)]
            shared = iter(tf.split(conv("entry", inputs), widths, -1))
        outputs = []
        for i, branch in enumerate(self.branches):
            maps, first = (next(shared), 1) if self.starts_at_entry(branch) else (inputs, 0)
            for j in range(first, len(branch) - 1):
                maps = conv(f"branch_{i}_{j}_0", maps)
            read, j = self.reader(maps), len(branch) - 1
            outputs += [conv(f"branch_{i}_{j}_{k}", read(size)) for k, (_, size) in enumerate(branch[j])]
        if self.pooling is not None:
            window = (self.pool_size, self.strides, self.padding, self.largest)
            pooled = pool_branch(inputs, self.pooling, *window)
            outputs.append(pooled if self.pool_filters is None else conv("projection", pooled))
        return outputs[0] if len(outputs) == 1 else tf.concat(outputs, -1)

    def reader(self, maps):
        """`read(kernel_size)`: what a last convolution with this window reads of its branch."""
        if self.pads_itself:
            return lambda size: maps
        padded = pad_once(maps, self.padding, self.largest, self.strides, (1, 1))
        return lambda size: crop_for(padded, self.largest, size, (1, 1))

    def output_shape(self, shape):
        pads = (self.padding,) * 2 if isinstance(self.padding, str) else self.padding
        axes = zip(shape[1:3], self.largest, self.strides, (1, 1), pads)
        filters = sum(filters for branch in self.branches for filters, _ in branch[-1])
        if self.pooling is not None:
            filters += self.pool_filters or shape[-1]
        return (shape[0], *(output_length(*axis) for axis in axes), filters)

    def count(self, shape):
        _, height, width, _ = self.output_shape(shape)
        last = {"projection", *(f"branch_{i}_{len(branch) - 1}" for i, branch in enumerate(self.branches))}
        parameters = multiply_adds = 0
        for name, (conv, (_, *size, channels)) in self.parts(shape).items():
            kernel = conv.kernel_weights(channels)
            small = name.rsplit("_", 1)[0] in last  # behind the strides
            parameters += kernel + conv.filters * (self.use_bias + self.use_norm)
            multiply_adds += kernel * (height * width if small else size[0] * size[1])
        return parameters, multiply_adds

    def get_config(self):
        branches = [[[[filters, list(size)] for filters, size in step] for step in branch] for branch in self.branches]
        return {
            **super().get_config(),
            "branches": branches,
            "pool_filters": self.pool_filters,
            "pooling": self.pooling,
            "pool_size": self.pool_size,
            "strides": self.strides,
            "padding": self.padding,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "use_norm": self.use_norm,
        }
