"""From the weights of published PyTorch modules to ours."""

import numpy as np


def convolution_bank(array, num_kernels, kernel_shape):
    """`[n, filters, channels / groups, *kernel_size]`, or its rows flattened -> `[n, *kernel_size, channels, filters]`."""
    *kernel_size, channels, filters = kernel_shape
    full = np.reshape(array, (num_kernels, filters, channels, *kernel_size))
    return np.moveaxis(full, (1, 2), (-1, -2))


def depthwise_bank(array, num_kernels, kernel_shape):
    """`[n, channels * multiplier, 1, *kernel_size]`, or its rows flattened -> `[n, *kernel_size, channels, multiplier]`."""
    *kernel_size, channels, multiplier = kernel_shape
    full = np.reshape(array, (num_kernels, channels, multiplier, *kernel_size))
    return np.moveaxis(full, (1, 2), (-2, -1))


def dense_kernel(array):
    """`[units, inputs, 1...]` -> `[inputs, units]`."""
    array = np.asarray(array)
    return array.reshape(array.shape[:2]).T


def assign(label, state, table):
    """Assign `table`, {name in the state: (weight, converter)}; every name must be there, and no other.

    Nothing is assigned unless everything fits.
    """
    missing, unknown = sorted(set(table) - set(state)), sorted(set(state) - set(table))
    if missing or unknown:
        raise ValueError(
            f"{label}: load_torch_state expected the arrays {sorted(table)}. Received: missing {missing}, unknown "
            f"{unknown}. Check the layer's arguments against the module's (use_bias, routing)."
        )
    converted = {}
    for name, (weight, convert) in table.items():
        try:
            value = convert(np.asarray(state[name]))
        except ValueError as error:
            raise ValueError(f"{label}: load_torch_state cannot lay out {name!r}: {error}.") from error
        if tuple(value.shape) != tuple(weight.shape):
            raise ValueError(
                f"{label}: load_torch_state expected {name!r} to become {tuple(weight.shape)}. Received: "
                f"{np.shape(state[name])}, which becomes {tuple(value.shape)}."
            )
        converted[name] = value
    for name, (weight, _) in table.items():
        weight.assign(converted[name])
