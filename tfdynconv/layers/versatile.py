"""Versatile filters (NeurIPS 2018, arXiv 2109.09310): several filters from one, by windows or by binary masks."""

import math

import keras
import numpy as np
import tensorflow as tf

from tfdynconv import _compat
from tfdynconv.layers import torch_layout
from tfdynconv.layers.arguments import passed
from tfdynconv.layers.combine_filters import FORMS
from tfdynconv.layers.learned_masks import LearnedMasks
from tfdynconv.layers.static_conv import StaticConv
from tfdynconv.layers.window_filters import READINGS, WindowFilters, nested
from tfdynconv.ops.geometry import fold_padding

DIRECTIONS = ("spatial", "channel", "learned")


@keras.saving.register_keras_serializable(package="tfdynconv")
class VersatileConv2D(StaticConv):
    """2-D convolution that makes several filters from each one it stores, by binary masks.

    In place of `Conv2D` where its weights are too many: with nested windows a 3x3 layer keeps half of the weights and 5/9 of
    the multiply-adds. The layer is static: it computes the same convolution for each sample.

    Each primary filter `f` has secondary filters `f_j = M_j f`, and with `combine="concat"` each of these gives an output
    channel: `y = activation([conv(x, f_1) + b_1, conv(x, f_2) + b_2, ...])`, all primary filters for the first mask, then
    all for the second. The masks are

    - `"spatial"`: s = ceil(d / 2) nested centred windows, of side `d, d - 2, ...` (d the shorter side of the kernel),
      computed as smaller convolutions. A 1x1 kernel has one, and is a `Conv2D`. With `channel_window` too, each
      spatial window meets each run of channels: s n filters, the spatial ones outermost.
    - `"channel"`: n = (channels - channel_window) / channel_stride + 1 runs of that many neighbouring channels.
    - `"learned"`: `M = 1[H > 1/2]` for proxies H of the kernel's shape, trained by the straight-through estimator
      (`tfdynconv.ops.binarize`) and clipped to [0, 1] after each step. They start evenly drawn from [0, 1], our choice.

    Args:
        filters: output channels; a multiple of the secondary filters of a primary one, s n or `num_masks`.
        kernel_size, strides, padding, data_format, dilation_rate, groups, activation, use_bias, kernel_initializer,
        bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint:
            as in `keras.layers.Conv2D`, the kernel's for the primary filters; each output channel has a bias.
            `padding` also takes an int or a (before, after) pair per axis. With `groups` each mask's outputs are a
            grouped convolution of their own.
        direction: `"spatial"`, `"channel"` or `"learned"`.
        combine: `"concat"`, or `"sum"`: each primary filter gives one channel, the sum over its secondary filters.
        num_masks: masks of each primary filter; None for as many as there are nested windows. For `"learned"`.
        shared_masks: one set of masks for all primary filters instead of one for each. For `"learned"`.
        channel_window: how many channels a filter reads at a time, for `"channel"` and `"spatial"`; takes `groups=1`.
        channel_stride: channels from one run to the next.
        channel_filter: `"sliding"`: the first channels of the filter slide over the input's (the official code, which
            leaves the filter's last channels unused); `"masked"`: each run has the filter's own channels there.
        mask_regularizer: applied to the binary masks; `tfdynconv.training.MaskOrthogonality(weight)`. For `"learned"`.

    Call arguments:
        inputs: `[batch, height, width, channels]`, or channels first.

    Shapes: `[batch, height, width, channels] -> [batch, height', width', filters]`, as `keras.layers.Conv2D`.

    Raises:
        ValueError: bad arguments, `filters` that cannot be divided, an input of the wrong rank.

    Cost, m secondary filters for each of the `filters / m` primary ones, kernel of d d taps, C channels (per group):
    `d d C filters / m + filters` parameters; multiply-adds `height' width' C (filters / m)` times `(d d + (d - 2)^2 + ...)`
    for nested windows, times `d d m` for masks; `channel_window` in the place of C; with `"sum"` those of `Conv2D`.
    Learned masks add a bit for each entry; their proxies, floats, exist only for training. Neither is counted.

    Reference: Wang et al., Learning Versatile Filters, NeurIPS 2018; arXiv 2109.09310 (learned masks).

    >>> import tensorflow as tf, tfdynconv
    >>> layer = tfdynconv.VersatileConv2D(8, 3, padding="same")
    >>> layer(tf.ones([2, 8, 8, 3])).shape, layer.kernel.shape[-1]
    (TensorShape([2, 8, 8, 8]), 4)
    >>> orthogonal = tfdynconv.training.MaskOrthogonality(0.01)
    >>> layer = tfdynconv.VersatileConv2D(8, 3, direction="learned", num_masks=4, mask_regularizer=orthogonal)
    >>> layer(tf.ones([2, 8, 8, 3])).shape, layer.kernel.shape[-1], len(layer.losses)
    (TensorShape([2, 6, 6, 8]), 2, 1)
    >>> layer.fold()(tf.ones([2, 8, 8, 3])).shape
    TensorShape([2, 6, 6, 8])
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
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        direction="spatial",
        combine="concat",
        num_masks=None,
        shared_masks=False,
        channel_window=None,
        channel_stride=1,
        channel_filter="sliding",
        mask_regularizer=None,
        **kwargs,
    ):
        masks = {"num_masks": num_masks, "shared_masks": shared_masks, "mask_regularizer": mask_regularizer}
        runs = {"channel_window": channel_window, "channel_stride": channel_stride, "channel_filter": channel_filter}
        super().__init__(**passed(locals(), "direction", "combine", "masks", "runs", *masks, *runs))
        for name, value, choices in (
            ("direction", direction, DIRECTIONS),
            ("combine", combine, tuple(FORMS)),
            ("channel_filter", channel_filter, READINGS),
        ):
            if value not in choices:
                raise ValueError(
                    f"{self.label}: `{name}` must be one of {', '.join(choices)}. Received: {name}={value!r}."
                )
        self.direction, self.combine = direction, combine
        self.masks = {**masks, "mask_regularizer": keras.regularizers.get(mask_regularizer)}
        self.runs = runs
        self.secondary = self.make_masks() if direction == "learned" else self.make_windows()
        self.primary_filters(self.secondary.least())

    @property
    def form(self):
        return FORMS[self.combine]

    def make_masks(self):
        self.refuse(self.runs, "'spatial' and 'channel'")
        num_masks, shared, regularizer = self.masks.values()
        if num_masks is None:
            num_masks = len(nested(self.kernel_size))
        dtype = "float64" if self.compute_dtype == "float64" else "float32"
        return LearnedMasks(self.check_positive("num_masks", num_masks), shared, regularizer, name="masks", dtype=dtype)

    def make_windows(self):
        self.refuse(self.masks, "'learned'")
        if self.runs["channel_window"] is not None:
            self.check_positive("channel_window", self.runs["channel_window"])
            self.check_positive("channel_stride", self.runs["channel_stride"])
            if self.groups > 1:
                raise ValueError(
                    f"{self.label}: `channel_window` is defined over all channels. Received: groups={self.groups}, "
                    f"channel_window={self.runs['channel_window']}. Set groups=1 or channel_window=None."
                )
        elif self.direction == "channel":
            raise ValueError(
                f"{self.label}: direction='channel' needs `channel_window`, the number of channels that a filter reads. "
                "Received: channel_window=None."
            )
        else:
            self.refuse(self.runs, "a `channel_window`", "only with")
        rings = nested(self.kernel_size) if self.direction == "spatial" else range(1)
        return WindowFilters(rings, self.label, **self.runs)

    def refuse(self, arguments, where, phrase="only for direction"):
        """Arguments that would do nothing here."""
        defaults = {"shared_masks": False, "channel_stride": 1, "channel_filter": "sliding"}
        idle = {name: value for name, value in arguments.items() if value != defaults.get(name)}
        if idle:
            raise ValueError(
                f"{self.label}: {', '.join(f'`{name}`' for name in idle)} {phrase} {where}. Received: "
                f"direction={self.direction!r}, {', '.join(f'{name}={value!r}' for name, value in idle.items())}."
            )

    def primary_filters(self, count):
        """How many filters are stored, where each has `count` secondary ones."""
        uses = self.form.uses(count)
        if self.filters % (uses * self.groups):
            raise ValueError(
                f"{self.label}: `filters` must be divisible by the {uses} output channels of each primary filter, times "
                f"`groups`. Received: filters={self.filters}, groups={self.groups}, "
                f"kernel_size={self.kernel_size}, direction={self.direction!r}. "
                f"Use a multiple of {uses * self.groups}."
            )
        return self.filters // uses

    def kernel_shape(self, channels):
        shape = super().kernel_shape(channels)
        return (*shape[:-1], self.primary_filters(self.secondary.count(shape[-2])))

    def build(self, input_shape):
        shape = self.kernel_shape(self.channels(input_shape))
        self.kernel = self.add_kernel("kernel", shape)
        self.bias = self.add_bias()
        self.secondary.bind(shape)
        super().build(input_shape)

    def convolve(self, inputs):
        x, geometry = fold_padding(inputs, self.padding, self.kernel_size, self.strides, self.dilation_rate)
        return self.form.conv(self.secondary, x, _compat.values(self.kernel), geometry, self.groups)

    def folded(self):
        """The secondary filters as one constant kernel.

        Grouped outputs that are concatenated window by window are no grouped convolution: it is dense then, with zeros
        between the groups.
        """
        kernel = self.form.kernel(self.secondary, _compat.values(self.kernel)).numpy()
        return {"kernel": kernel, "bias": self.folded_bias(), "repeats": self.filters // self.kernel.shape[-1]}

    def binary_masks(self):
        """Where each secondary filter is not zero by its mask: an array of bools, `[masks, *kernel shape]`."""
        everywhere = tf.ones(self.kernel.shape, self.compute_dtype)
        return np.stack([filters.numpy() != 0 for filters in self.secondary.kernels(everywhere)])

    def cost(self, input_shape):
        """(parameters, multiply-adds of a sample) for inputs of this shape, batch axis included; masks count as neither."""
        shape = self.kernel_shape(self.channels(input_shape))
        parameters = math.prod(shape) + (self.filters if self.use_bias else 0)
        return parameters, self.multiply_adds(input_shape, self.form.multiplied(self.secondary, shape))

    def load_torch_state(self, state):
        """Take the weights of the authors' PyTorch module `VConv2d`, which has no learned masks: those stay."""
        shape = self.kernel.shape
        table = {"weight": (self.kernel, lambda a: torch_layout.convolution_bank(a, 1, shape)[0])}
        if self.use_bias:
            table["bias"] = (self.bias, lambda a: a)
        torch_layout.assign(self.label, state, table)

    def get_config(self):
        regularizer = keras.regularizers.serialize(self.masks["mask_regularizer"])
        own = {"direction": self.direction, "combine": self.combine, **self.masks, "mask_regularizer": regularizer}
        return {**super().get_config(), **own, **self.runs}
