"""The three ways in which TensorFlow runs a function: eagerly, as a graph, and compiled by XLA."""

import tensorflow as tf

MODES = ("eager", "graph", "jit")


def in_mode(function, mode, input_signature=None):
    if mode == "eager":
        return function
    return tf.function(function, input_signature=input_signature, autograph=False, jit_compile=mode == "jit")
