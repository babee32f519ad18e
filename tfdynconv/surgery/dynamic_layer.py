"""From a trained layer of Keras to a dynamic one that computes the same before it is trained."""

import keras
import numpy as np

from tfdynconv import layers
from tfdynconv.layers.base_mixture import BaseMixture
from tfdynconv.surgery.families import parameters
from tfdynconv.surgery.fill_dynamic import fill_bank, fill_masks, fill_regions, is_learned, times

GROUPED = (layers.ODConv2D, layers.DRConv2D)  # depthwise convolutions are grouped ones there
BY_WEIGHTS = "depthwise_initializer", "depthwise_regularizer", "depthwise_constraint"


def dynamic_layer(old, cls, arguments):
    """A new layer of class `cls`, not built, with the arguments of the old one and those of `arguments` that it takes."""
    wanted = parameters(cls)
    carried = {name: getattr(old, name) for name in wanted if hasattr(old, name)}
    if isinstance(old, keras.layers.DepthwiseConv2D) and issubclass(cls, GROUPED):
        channels, multiplier = kernel_of(old).shape[-2:]
        carried |= {name.replace("depthwise", "kernel"): getattr(old, name) for name in BY_WEIGHTS}
        carried |= {"filters": channels * multiplier, "groups": channels}
    if "temperature" in wanted:
        carried["temperature"] = 1.0  # a high one keeps coefficients equal at first, and they are
    if issubclass(cls, layers.DRConv2D):
        carried["generator"] = "basis"  # the paper's makes all taps of a kernel alike where its coefficients are
    own = {name: fresh(value) for name, value in arguments.items() if name in wanted}
    shared = {"name": old.name, "trainable": old.trainable, "dtype": old.dtype_policy}
    new = cls(**{**carried, **own, **shared})
    check(old, new)
    return new


def check(old, new):
    """Raise `ValueError` for what cannot compute the same."""
    if isinstance(new, layers.DRConv2D) and new.generator_name == "pooled" and np.prod(new.kernel_size) > 1:
        raise ValueError(
            f"{new.label}: generator='pooled' makes the taps of a kernel from those of the pooled input, all alike as long as "
            f"its coefficients stand still. Received: kernel_size={new.kernel_size}. Use generator='basis'."
        )
    if isinstance(new, layers.VersatileConv2D):
        check_masks(old, new)


def check_masks(old, new):
    """A trained kernel is no set of windows of another; as a sum of masks of one it can be had, if each weight is in some."""
    width = kernel_of(old).shape[-2]
    count = new.secondary.count(width)
    if new.form.uses(count) > 1:
        raise ValueError(
            f"{new.label}: combine='concat' makes {count} filters from each one, which those of a trained kernel of size "
            f"{new.kernel_size} are not. Use combine='sum'."
        )
    slides = new.runs["channel_window"] is not None and new.runs["channel_filter"] == "sliding"
    if count > 1 and (slides or not is_learned(new) and not np.all(times(new, kernel_of(old).shape))):
        raise ValueError(
            f"{new.label}: the masks must keep each weight of the trained kernel in its place, and in one mask at least. "
            f"Received: channel_window={new.runs['channel_window']}, channel_stride={new.runs['channel_stride']}, "
            f"channel_filter={new.runs['channel_filter']!r} for {width} channels. Use channel_filter='masked' and a "
            "channel_stride of at most channel_window."
        )


def fresh(value):
    """Routings and guides belong to one layer each."""
    return type(value).from_config(value.get_config()) if isinstance(value, keras.layers.Layer) else value


def kernel_of(layer):
    """Its trained kernel as a float64 array."""
    kernel = getattr(layer, "depthwise_kernel", None)  # as Keras 2 calls it
    return np.float64(layer.kernel if kernel is None else kernel)


def fill(old, new, perturbation, random):
    """Give a built dynamic layer the weights with which it computes what the old layer does."""
    kernel, bias = kernel_of(old), np.float64(old.bias) if old.use_bias else None
    kernel = kernel.reshape(shape_of_one(new))
    if isinstance(new, BaseMixture):
        fill_bank(new, kernel, bias, perturbation, random)
    elif isinstance(new, layers.DRConv2D):
        fill_regions(new, kernel, bias, perturbation, random)
    else:
        fill_masks(new, kernel, bias)


def shape_of_one(new):
    if isinstance(new, BaseMixture):
        return tuple(new.kernel.shape[1:])
    if isinstance(new, layers.DRConv2D):
        return new.generator.kernel_shape
    return tuple(new.kernel.shape)
