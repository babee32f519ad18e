"""From a layer that is a convolution in disguise to the convolution."""

import keras
import numpy as np


def folded_conv(layer, kernel, bias, repeats=1):
    """A built `keras.layers.Conv2D` with the window of `layer` and these weights.

    Args:
        layer: a `ConvWindow` layer; gives name, dtype, activation and window.
        kernel: `[*kernel_size, channels / groups, filters]`.
        bias: `[filters]`, or None.
        repeats: how many grouped convolutions one after the other the filters are.
    """
    groups, channels = layer.groups, kernel.shape[-2] * layer.groups
    if repeats > 1 and groups > 1:
        kernel, groups = dense(kernel, groups, repeats), 1
    word = layer.padding if isinstance(layer.padding, str) else "valid"
    conv = keras.layers.Conv2D(
        layer.filters,
        layer.kernel_size,
        strides=layer.strides,
        padding=word,
        data_format=layer.data_format,
        dilation_rate=layer.dilation_rate,
        groups=groups,
        activation=layer.activation,
        use_bias=bias is not None,
        name=layer.name,
        trainable=layer.trainable,
        dtype=layer.dtype_policy,
    )
    shape = (channels, None, None) if layer.data_format == "channels_first" else (None, None, channels)
    conv.build((None, *shape))
    conv.set_weights([kernel] if bias is None else [kernel, bias])
    if layer.padding == word or not any(map(sum, layer.padding)):
        return conv
    pad = keras.layers.ZeroPadding2D(layer.padding, data_format=layer.data_format, dtype=layer.dtype_policy)
    return keras.Sequential([keras.Input(shape, dtype=layer.compute_dtype), pad, conv], name=f"{layer.name}_padded")


def dense(kernel, groups, repeats):
    """The kernel without groups that computes `repeats` grouped convolutions: zeros where a filter does not read."""
    *kernel_size, width, filters = kernel.shape
    wide = np.zeros([*kernel_size, groups, width, repeats, groups, filters // groups // repeats], kernel.dtype)
    apart = kernel.reshape(*kernel_size, width, repeats, groups, -1)
    for g in range(groups):
        wide[..., g, :, :, g, :] = apart[..., g, :]
    return wide.reshape(*kernel_size, groups * width, filters)
