"""Loop: each sample's convolution is one call of a function.

In plain TensorFlow the calls are spread over the processor's cores by `tf.raw_ops.MapDefun`, the op under `tf.data`'s
map: it takes an unknown batch, runs eagerly, in graphs and in SavedModels, and has no overhead to speak of. XLA does not
know it and gets a while loop. Neither needs a gradient of its own: `trilinear` brings it.
"""

import functools

import tensorflow as tf


class Loop:
    """The three functions of `primitive` (one kernel, many images), run for each sample with its own kernel."""

    def __init__(self, primitive):
        self.primitive = primitive

    def conv(self, x, k, geometry):
        return self.run("conv", (x, k), geometry, ())

    def input_grad(self, y, k, geometry, input_size):
        if all(isinstance(n, int) for n in input_size):
            return self.run("input_grad", (y, k), geometry, (tuple(input_size),))
        return self.run("input_grad", (y, k), geometry, (), captured=[tf.stack(input_size)])

    def kernel_grad(self, x, y, geometry, kernel_size):
        return self.run("kernel_grad", (x, y), geometry, (tuple(kernel_size),))

    def run(self, name, arguments, geometry, extra, captured=()):
        if arguments[0].shape[0] == 1 and arguments[1].shape[0] == 1:  # nothing to spread over the cores
            one = per_sample_function(self.primitive, name, geometry, extra)
            return tf.expand_dims(one(*(tf.squeeze(a, 0) for a in arguments), *captured), 0)
        shapes = tuple(tuple(a.shape[1:]) for a in arguments)
        function = traced(self.primitive, name, geometry, extra, shapes, arguments[0].dtype, len(captured))
        return tf.raw_ops.MapDefun(
            arguments=list(arguments),
            captured_inputs=list(captured),
            output_types=[function.output_dtypes],
            output_shapes=[function.output_shapes],
            f=function,
            max_intra_op_parallelism=1,
        )[0]


class CompiledLoop(Loop):
    """The same as a while loop, each call using all cores."""

    def input_grad(self, y, k, geometry, input_size):
        return self.run("input_grad", (y, k), geometry, (tuple(input_size),))

    def run(self, name, arguments, geometry, extra, captured=()):
        one = per_sample_function(self.primitive, name, geometry, extra)
        return tf.map_fn(lambda sample: one(*sample, *captured), arguments, fn_output_signature=arguments[0].dtype)


@functools.cache
def traced(primitive, name, geometry, extra, shapes, dtype, captured):
    """The concrete function of one sample, traced once for each kind, shape and dtype."""
    specs = [tf.TensorSpec(shape, dtype) for shape in shapes]
    specs += [tf.TensorSpec([geometry.rank], tf.int32)] * captured
    function = per_sample_function(primitive, name, geometry, extra)
    with tf.init_scope():
        return tf.function(function, autograph=False).get_concrete_function(*specs)


def per_sample_function(primitive, name, geometry, extra):
    """One of the primitive's functions on one sample: no batch axis, the kernel as it is."""

    def conv(x, k):
        return primitive.conv(x[tf.newaxis], k, geometry)[0]

    def input_grad(y, k, size=None):
        size = tuple(tf.unstack(size)) if size is not None else extra[0]
        return primitive.input_grad(y[tf.newaxis], k, geometry, size)[0]

    def kernel_grad(x, y):
        return primitive.kernel_grad(x[tf.newaxis], y[tf.newaxis], geometry, extra[0])

    return through_float32({"conv": conv, "input_grad": input_grad, "kernel_grad": kernel_grad}[name])


def through_float32(function):
    """A CPU computes 16-bit convolutions slowly and sums them in 16 bits: widen one sample at a time instead."""

    def widened(a, b, *sizes):
        if a.dtype not in (tf.float16, tf.bfloat16):
            return function(a, b, *sizes)
        return tf.cast(function(tf.cast(a, tf.float32), tf.cast(b, tf.float32), *sizes), a.dtype)

    return widened
