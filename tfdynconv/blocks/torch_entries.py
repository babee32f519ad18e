"""Tables for `torch_layout.assign`: the weights of a part by the names that a PyTorch module gives them."""

import numpy as np

from tfdynconv.layers.torch_layout import dense_kernel


def convolution_kernel(array):
    """`[filters, channels / groups, *kernel_size]` -> `[*kernel_size, channels / groups, filters]`."""
    return np.moveaxis(array, (0, 1), (-1, -2))


def same(array):
    return array


def with_bias(prefix, part, convert):
    table = {f"{prefix}.weight": (part.kernel, convert)}
    return {**table, f"{prefix}.bias": (part.bias, same)} if part.use_bias else table


def convolution(prefix, conv):
    return with_bias(prefix, conv, convolution_kernel)


def dense(prefix, part):
    """A dense layer that is a `Linear`, or a 1x1 `Conv2d`, there."""
    return with_bias(prefix, part, dense_kernel)


def normalization(prefix, part):
    """Empty where there is no normalisation."""
    if part is None:
        return {}
    weights = (part.gamma, part.beta, part.moving_mean, part.moving_variance)
    names = ("weight", "bias", "running_mean", "running_var")
    return {f"{prefix}.{name}": (weight, same) for name, weight in zip(names, weights)}


def without_counts(state):
    """The state without the steps that PyTorch's normalisations have counted, which decide nothing."""
    return {name: array for name, array in state.items() if not name.endswith("num_batches_tracked")}
