"""Trace a function once for each shape, and let every graph call that trace.

A network has many layers and few shapes. Traced anew for each layer, the branches of a choice by device and the loops within
them took most of the time of tracing a model; called, a trace is one op of the graph.
"""

import functools

import tensorflow as tf

TRACES = 512  # kept; what was traced for an object that does not come again leaves after so many others


def call(function, *arguments):
    """`function(*arguments)`; tensors may stand anywhere among the arguments, all else must be hashable, as the function.

    The function must depend on nothing else: no variables, no scopes but that of the device, which is taken from the first
    tensor. Tapes find no gradient: bring it yourself, as `trilinear` does. For graphs: nothing is gained in eager execution.

    >>> import tensorflow as tf
    >>> @tf.function
    ... def twice(x):
    ...     return call(tf.multiply, call(tf.multiply, x, 2.0), 2.0)
    >>> float(twice(tf.constant(3.0)))
    12.0
    """
    with tf.init_scope():
        is_shared = tf.executing_eagerly()
    if not is_shared:  # a graph of TensorFlow 1: what is traced there belongs to it
        return function(*arguments)
    leaves = tf.nest.flatten(arguments)
    tensors = [leaf for leaf in leaves if tf.is_tensor(leaf)]
    specs = [tf.TensorSpec(leaf.shape, leaf.dtype) if tf.is_tensor(leaf) else leaf for leaf in leaves]
    trace = traced(function, tf.nest.pack_sequence_as(arguments, specs), tensors[0].device)
    outputs = tf.nest.flatten(trace.structured_outputs)
    # a call of `trace` itself would be stateful, for a choice by device within: no such call is dropped, none run side by side
    results = tf.raw_ops.PartitionedCall(
        args=[*tensors, *trace.captured_inputs], Tout=[output.dtype for output in outputs], f=trace
    )
    for result, output in zip(results, outputs):
        result.set_shape(output.shape)
    return tf.nest.pack_sequence_as(trace.structured_outputs, results)


@functools.lru_cache(TRACES)
def traced(function, arguments, device):
    """The concrete function of the tensors among the arguments, which stand there as their specs.

    Two threads that miss at once trace the same twice, and both traces are right. A trace knows nothing of the graph that
    asked for it.
    """
    leaves = tf.nest.flatten(arguments)

    def of_tensors(*tensors):
        rest = iter(tensors)
        filled = [next(rest) if isinstance(leaf, tf.TensorSpec) else leaf for leaf in leaves]
        with tf.device(device):
            return function(*tf.nest.pack_sequence_as(arguments, filled))

    specs = [leaf for leaf in leaves if isinstance(leaf, tf.TensorSpec)]
    with tf.init_scope():
        return tf.function(of_tensors, autograph=False).get_concrete_function(*specs)
