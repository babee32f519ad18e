"""From a layer that is a convolution in disguise to the convolution."""

import math

import keras
import numpy as np

from tfdynconv.ops.branch_padding import placed_at


class Folds:
    """For a `ConvWindow` layer that computes one convolution; it says which in `folded()`."""

    def folded(self):
        """The arguments of `folded_conv`, by name."""
        raise NotImplementedError

    def fold(self):
        """The built `keras.layers.Conv2D` that computes the same at inference, a `DepthwiseConv2D` where that is one.

        Behind a `ZeroPadding2D`, in a `keras.Sequential`, where the padding is explicit. What it is made of is computed in
        float64 on the host wherever several weights come together, and rounded once.

        Raises:
            ValueError: a layer that is not built.
        """
        if not self.built:
            raise ValueError(f"{self.label}: it has no weights to fold yet. Build it, or call it once.")
        return folded_conv(self, **self.folded())

    def folded_cost(self, input_shape):
        """`cost` of what `fold` gives; the layer must be built."""
        kernel = math.prod(next(w.shape for w in self.fold().weights if len(w.shape) == 4))
        bias = self.filters if self.folded()["bias"] is not None else 0
        return kernel + bias, self.multiply_adds(input_shape, kernel)


def folded_conv(layer, kernel, bias, repeats=1, groups=None):
    """A built `keras.layers.Conv2D` or `DepthwiseConv2D` with the window of `layer` and these weights.

    Args:
        layer: a `ConvWindow` layer; gives name, dtype, activation and window.
        kernel: `[*kernel_size, channels / groups, filters]`.
        bias: `[filters]`, or None.
        repeats: how many grouped convolutions one after the other the filters are.
        groups: of the kernel; None for those of `layer`.
    """
    groups = layer.groups if groups is None else groups
    channels = kernel.shape[-2] * groups
    if repeats > 1 and groups > 1:
        kernel, groups = dense(kernel, groups, repeats), 1
    word = layer.padding if isinstance(layer.padding, str) else "valid"
    shared = {
        "strides": layer.strides,
        "padding": word,
        "data_format": layer.data_format,
        "dilation_rate": layer.dilation_rate,
        "activation": layer.activation,
        "use_bias": bias is not None,
        "name": layer.name,
        "trainable": layer.trainable,
        "dtype": layer.dtype_policy,
    }
    if 1 < groups == channels and len(set(layer.strides)) == 1:  # unequal ones no `DepthwiseConv2D` runs on a CPU
        conv = keras.layers.DepthwiseConv2D(layer.kernel_size, depth_multiplier=layer.filters // groups, **shared)
        kernel = kernel.reshape(*layer.kernel_size, groups, -1)
    else:
        conv = keras.layers.Conv2D(layer.filters, layer.kernel_size, groups=groups, **shared)
    shape = (channels, None, None) if layer.data_format == "channels_first" else (None, None, channels)
    conv.build((None, *shape))
    conv.set_weights([kernel] if bias is None else [kernel, bias])
    if layer.padding == word or not any(map(sum, layer.padding)):
        return conv
    pad = keras.layers.ZeroPadding2D(layer.padding, data_format=layer.data_format, dtype=layer.dtype_policy)
    return keras.Sequential([keras.Input(shape, dtype=layer.compute_dtype), pad, conv], name=f"{layer.name}_padded")


def dense(kernel, groups, repeats=1):
    """The kernel without groups that computes `repeats` grouped convolutions: zeros where a filter does not read."""
    *kernel_size, width, filters = kernel.shape
    wide = np.zeros([*kernel_size, groups, width, repeats, groups, filters // groups // repeats], kernel.dtype)
    apart = kernel.reshape(*kernel_size, width, repeats, groups, -1)
    for g in range(groups):
        wide[..., g, :, :, g, :] = apart[..., g, :]
    return wide.reshape(*kernel_size, groups * width, filters)


def centred(kernel, kernel_size):
    """A smaller kernel in the middle of one of `kernel_size`, zeros around it: where `ops.branch_padding` reads."""
    start = placed_at(kernel_size, kernel.shape[:2])
    around = [(s, k - n - s) for s, k, n in zip(start, kernel_size, kernel.shape)]
    return np.pad(kernel, [*around, (0, 0), (0, 0)])
