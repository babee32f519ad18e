"""A kernel bank as one weight, with Keras' initialisers, regularisers and constraints applied to each kernel of it.

Applied to the stacked tensor they would mean something else: variance scaling would count the bank's axis as part of the
receptive field, and a norm would run over the wrong axes.
"""

import keras
import numpy as np
import tensorflow as tf


class EachKernel:
    """Apply a Keras regulariser (`sum`) or constraint (`stack`) to each kernel of a bank."""

    def __init__(self, function, join):
        self.function, self.join = function, join

    def __call__(self, bank):
        return self.join([self.function(kernel) for kernel in tf.unstack(tf.convert_to_tensor(bank))])


class EachKernelInitializer(keras.initializers.Initializer):
    """Draw each kernel of the bank by itself, from its own seed."""

    def __init__(self, initializer):
        self.initializer = initializer

    def __call__(self, shape, dtype=None, **kwargs):
        draws = [reseeded(self.initializer, i)(tuple(shape[1:]), dtype=dtype) for i in range(shape[0])]
        return tf.stack([tf.convert_to_tensor(draw) for draw in draws])


def reseeded(initializer, index):
    """Keras initialisers draw the same values at every call: a copy, with a seed of its own for each index."""
    if not hasattr(initializer, "get_config"):
        return initializer
    config = initializer.get_config()
    if isinstance(config.get("seed"), int):
        config["seed"] = int(np.random.SeedSequence([config["seed"], index]).generate_state(1)[0] % 2**31)
    return type(initializer).from_config(config)


def add_bank(layer, name, shape, initializer, regularizer=None, constraint=None):
    """Add the weight `[n, *shape of one kernel]` to a layer."""
    return layer.add_weight(
        name=name,
        shape=shape,
        initializer=EachKernelInitializer(initializer),
        regularizer=regularizer and EachKernel(regularizer, tf.add_n),
        constraint=constraint and EachKernel(constraint, tf.stack),
        trainable=True,
    )
