"""Batch normalisation into the weights of the layer before it: which layers take it, and how."""

import dataclasses
import typing

import keras
import numpy as np

from tfdynconv.layers.base_mixture import BaseMixture
from tfdynconv.layers.drconv import DRConv2D
from tfdynconv.layers.fold_norm import scale_and_shift
from tfdynconv.surgery.copies import copied


@dataclasses.dataclass(frozen=True)
class Kind:
    """How a layer keeps its weights.

    Args:
        with_bias: `layer -> {argument: value}` for a layer that can take a shift.
        fill: `(old, new, s, t)`: give the new, built layer the weights of the old one, its outputs times s, plus t.
    """

    with_bias: typing.Callable
    fill: typing.Callable


def fill_static(shape_of_factors):
    """For layers of Keras: `[..., kernel, bias]`, and the kernel is multiplied by the factors in this shape."""

    def fill(old, new, s, t):
        *before, kernel, bias = old.get_weights() if old.use_bias else [*old.get_weights(), 0.0]
        kernel = np.float64(kernel) * s.reshape(shape_of_factors(kernel))
        new.set_weights([*before, kernel, np.float64(bias) * s + t])

    return fill


def fill_mixture(old, new, s, t):
    """All kernels of the bank are scaled; the shift stays beside the mixture, whose coefficients may sum to anything."""
    shift = new.static_bias if new.static_bias is not None else new.bias
    give_shared(old, new)
    new.kernel.assign(np.float64(old.kernel) * s.reshape(old.filter_axes))
    if new.bias is not None and old.bias is not None:
        new.bias.assign(np.float64(old.bias) * s)
    before = old.static_bias if new.static_bias is not None else old.bias
    shift.assign((0.0 if before is None else np.float64(before) * s) + t)


def fill_regions(old, new, s, t):
    """The generator's bank, and its bias where it has one: `[m, channels * filters]`."""
    give_shared(old, new)
    new.generator.kernel.assign(np.float64(old.generator.kernel) * s)
    bias = getattr(old.generator, "kernel_bias", None)
    if bias is not None:
        scaled = np.float64(bias).reshape(old.num_regions, -1, s.size) * s
        new.generator.kernel_bias.assign(scaled.reshape(old.num_regions, -1))
    new.bias.assign((np.float64(old.bias) * s if old.use_bias else 0.0) + t)


def give_shared(old, new):
    """Assign all weights that both have; a bias may be new."""
    own = [w for w, of_old in ((new.bias, old.bias), (static_bias(new), static_bias(old))) if of_old is None]
    after = [weight for weight in new.weights if not any(weight is w for w in own)]
    for weight, value in zip(after, old.get_weights(), strict=True):
        weight.assign(value)


def static_bias(layer):
    return getattr(layer, "static_bias", None)


CONV = Kind(lambda layer: {"use_bias": True}, fill_static(lambda kernel: (-1,)))
TRANSPOSE = Kind(CONV.with_bias, fill_static(lambda kernel: (-1, 1)))
DEPTHWISE = Kind(CONV.with_bias, fill_static(lambda kernel: kernel.shape[-2:]))
REGIONS = Kind(CONV.with_bias, fill_regions)
MIXTURE = Kind(lambda layer: {"use_bias": True} if layer.has_static_bias else {"static_bias": True}, fill_mixture)

NAMES = {
    CONV: ("Conv1D", "Conv2D", "Conv3D", "Dense", "SeparableConv1D", "SeparableConv2D"),
    TRANSPOSE: ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"),
    DEPTHWISE: ("DepthwiseConv1D", "DepthwiseConv2D"),
}
KINDS = {getattr(keras.layers, name): kind for kind, names in NAMES.items() for name in names}


def kind_of(layer):
    """The `Kind` of a layer that can take a factor and a shift of each channel, or None. A subclass may compute anything."""
    if isinstance(layer, DRConv2D):
        return REGIONS
    return MIXTURE if isinstance(layer, BaseMixture) else KINDS.get(type(layer))


def axis_of_channels(layer, rank):
    first = getattr(layer, "data_format", "channels_last") == "channels_first"
    return 1 if first and rank > 2 else rank - 1


def folded(layer, norm):
    """`(new, fill)`: the layer of the same class that does what `layer` and then `norm` do, once it is built and filled."""
    kind = kind_of(layer)
    new = copied(layer, **kind.with_bias(layer))
    return new, lambda: kind.fill(layer, new, *scale_and_shift(norm))
