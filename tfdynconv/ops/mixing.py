"""Mixing: a bank of kernels and per-sample coefficients make one kernel for each sample.

`K = mix(bank, a)` is linear in both, so with a cotangent G of K its derivatives are two sums: `bank_gradient(a, G)` and
`coefficient_gradient(bank, G)`. Coefficients are `[batch, n]`, one for each kernel of the bank, or `[batch, n, filters]`,
one for each filter of each kernel.
"""

import tensorflow as tf

from tfdynconv.ops import place as places
from tfdynconv.ops.types import Tensor


def mix(bank: Tensor, coefficients: Tensor) -> Tensor:
    """`K[b] = sum_i a[b, i] bank[i]`, or with coefficients per filter `K[b, ..., f] = sum_i a[b, i, f] bank[i, ..., f]`.

    `bank [n, *kernel]`, `coefficients [batch, n]` or `[batch, n, filters]` (of a depthwise kernel the last two axes are its
    filters), result `[batch, *kernel]`. Cost: n times the kernel's size in multiply-adds a sample, and the kernels of the
    whole batch in memory.

    >>> import tensorflow as tf
    >>> bank = tf.constant([[[1.0, 1.0]], [[2.0, 3.0]]])
    >>> mix(bank, [[0.5, 0.5]]).numpy().tolist()
    [[[1.5, 2.0]]]
    >>> mix(bank, [[[1.0, 0.0], [0.0, 1.0]]]).numpy().tolist()
    [[[1.0, 3.0]]]
    """
    bank = tf.convert_to_tensor(bank)
    coefficients = coefficients if tf.is_tensor(coefficients) else tf.convert_to_tensor(coefficients, dtype=bank.dtype)
    if coefficients.shape.rank == 2 and places.phone() is not None:
        # a product of rank 3: as one of rank 2 its weights would be quantised row by row, which a converter leaves undone
        n = bank.shape[0]
        flat = tf.matmul(tf.reshape(coefficients, [-1, 1, n]), tf.reshape(bank, [1, n, -1]))
    elif coefficients.shape.rank == 2:
        flat = tf.matmul(coefficients, tf.reshape(bank, [bank.shape[0], -1]))
    else:
        flat = tf.einsum("bnf,nwf->bwf", coefficients, by_filter(bank, coefficients))
    batch = coefficients.shape[0] if coefficients.shape[0] is not None else -1
    return tf.reshape(flat, [batch, *bank.shape[1:].as_list()])


def mix_taps(bank, coefficients, factors):
    """`K[b, t] = factors[b, t] sum_i a[b, i] bank[i, t]`, for a phone: a product for each tap with the bank as it is stored.

    `bank [n, taps, channels, filters]`, `factors [batch, taps]`, `coefficients [batch, n]` or None for a bank of one kernel.
    A bank that is multiplied element by element would stay in float32 when the file is quantised.
    """
    n, taps, channels, filters = bank.shape
    rows = tf.reshape(factors, [-1, taps, 1, 1])
    if coefficients is not None:
        rows *= tf.reshape(coefficients, [-1, 1, 1, n])
    by_tap = tf.transpose(tf.reshape(bank, [n, taps, channels * filters]), [1, 0, 2])
    return tf.reshape(tf.matmul(rows, by_tap[tf.newaxis]), [-1, taps, channels, filters])


def bank_gradient(coefficients, kernels, bank_shape):
    """`sum_b a[b, i] G[b]` for a cotangent `G [batch, *kernel]` of the mixed kernels."""
    if coefficients.shape.rank == 2:
        flat = tf.matmul(coefficients, rows(kernels), transpose_a=True)
    else:
        flat = tf.einsum("bnf,bwf->nwf", coefficients, by_filter(kernels, coefficients))
    return tf.reshape(flat, bank_shape)


def coefficient_gradient(bank, kernels, per_filter):
    """`<bank[i], G[b]>`, for each filter by itself where `per_filter` says how many there are."""
    if per_filter is None:
        return tf.matmul(rows(kernels), rows(bank), transpose_b=True)
    shape = [-1, bank.shape[1:].num_elements() // per_filter, per_filter]
    kernels, bank = tf.reshape(kernels, shape), tf.reshape(bank, shape)
    return tf.einsum("bwf,nwf->bnf", kernels, bank)


def rows(kernels):
    return tf.reshape(kernels, [-1, kernels.shape[1:].num_elements()])


def by_filter(kernels, coefficients):
    """`[n, *kernel] -> [n, weights of a filter, filters]`."""
    filters = coefficients.shape[-1]
    return tf.reshape(kernels, [-1, kernels.shape[1:].num_elements() // filters, filters])


def check_coefficients(coefficients, shape, batch, caller):
    """Coefficients must be `[batch, *shape]`."""
    received = coefficients.shape
    fits = received.rank == 1 + len(shape) and tuple(received[1:]) == tuple(shape)
    if not fits or (batch is not None and received[0] is not None and batch != received[0]):
        raise ValueError(
            f"{caller}: expected coefficients of shape [batch, {', '.join(map(str, shape))}], one for each sample and kernel "
            f"of the bank. Received: coefficients of shape {received} for inputs with batch {batch}."
        )
    return coefficients


def coefficient_shape(coefficients, n, filters):
    """The shape that coefficients must have for a bank of n kernels: one each, or one for each filter."""
    return (n, filters) if coefficients.shape.rank == 3 else (n,)
