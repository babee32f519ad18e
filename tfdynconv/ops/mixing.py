"""Mixing: a bank of kernels and per-sample coefficients make one kernel for each sample."""

import tensorflow as tf


def mix(bank, coefficients):
    """`K[b] = sum_i coefficients[b, i] bank[i]`: one matrix product over the flattened bank.

    `bank [n, *kernel]`, `coefficients [batch, n]`, result `[batch, *kernel]`. Cost: n times the kernel's size in
    multiply-adds a sample, and the kernels of the whole batch in memory.
    """
    bank = tf.convert_to_tensor(bank)
    coefficients = coefficients if tf.is_tensor(coefficients) else tf.convert_to_tensor(coefficients, dtype=bank.dtype)
    kernel_shape = bank.shape[1:].as_list()
    flat = tf.matmul(coefficients, tf.reshape(bank, [bank.shape[0], -1]))
    batch = coefficients.shape[0] if coefficients.shape[0] is not None else -1
    return tf.reshape(flat, [batch, *kernel_shape])


def check_coefficients(coefficients, num_kernels, batch, caller):
    """Coefficients must be `[batch, num_kernels]`."""
    shape = coefficients.shape
    known_wrong = shape.rank != 2 or shape[1] != num_kernels
    if known_wrong or (batch is not None and shape[0] is not None and batch != shape[0]):
        raise ValueError(
            f"{caller}: expected coefficients of shape [batch, {num_kernels}], one for each sample and kernel of the bank. "
            f"Received: coefficients of shape {shape} for inputs with batch {batch}."
        )
    return coefficients
