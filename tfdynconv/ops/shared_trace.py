"""Trace a function once for each shape, and let every graph call that trace.

A network has many layers and few shapes. Traced anew for each layer, the branches of a choice by device and the loops within
them took most of the time of tracing a model; called, a trace is one op of the graph.
"""

import functools

import tensorflow as tf

TRACES = 512  # kept; what was traced for an object that does not come again leaves after so many others


def call(function, *arguments):
    """`function(*arguments)`; tensors may stand anywhere among the arguments, all else must be hashable, as the function.

    The function must depend on nothing else: no variables, no scopes. Of its gradient only the first order is sure: hide the
    tensors from tapes and bring the gradient yourself, as `trilinear` does.

    >>> import tensorflow as tf
    >>> @tf.function
    ... def twice(x):
    ...     return call(tf.multiply, call(tf.multiply, x, 2.0), 2.0)
    >>> float(twice(tf.constant(3.0)))
    12.0
    """
    leaves = tf.nest.flatten(arguments)
    specs = [tf.TensorSpec(leaf.shape, leaf.dtype) if tf.is_tensor(leaf) else leaf for leaf in leaves]
    trace = traced(function, tf.nest.pack_sequence_as(arguments, specs))
    return trace(*(leaf for leaf in leaves if tf.is_tensor(leaf)))


@functools.lru_cache(TRACES)
def traced(function, arguments):
    """The concrete function of the tensors among the arguments, which stand there as their specs."""
    leaves = tf.nest.flatten(arguments)

    def of_tensors(*tensors):
        rest = iter(tensors)
        filled = [next(rest) if isinstance(leaf, tf.TensorSpec) else leaf for leaf in leaves]
        return function(*tf.nest.pack_sequence_as(arguments, filled))

    specs = [leaf for leaf in leaves if isinstance(leaf, tf.TensorSpec)]
    with tf.init_scope():
        return tf.function(of_tensors, autograph=False).get_concrete_function(*specs)
