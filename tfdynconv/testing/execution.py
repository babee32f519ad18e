"""Eager, as a graph and compiled by XLA, a layer computes the same outputs and gradients."""

import tensorflow as tf

from tfdynconv.testing.case import variable
from tfdynconv.testing.compare import NOISE, expect_close


def check_graph(case):
    """Outputs and the gradients for inputs and all weights: a `tf.function` of unknown batch gives what eager does."""
    for arguments in case.sets():
        compare(case, arguments, "graph", jit_compile=False)


def check_xla(case):
    """The same compiled by XLA, for the plain set of arguments."""
    compare(case, case.arguments, "XLA", jit_compile=True)


def check_xla_variants(case):
    """The same compiled by XLA, for all variants: the check that takes longest."""
    for arguments in case.sets()[1:]:
        compare(case, arguments, "XLA", jit_compile=True)


def compare(case, arguments, mode, jit_compile):
    dtype = case.compared_in
    layer, x = case.made(arguments, dtype=dtype), tf.constant(case.inputs(3, arguments), dtype)
    names = ["outputs", "gradient of the inputs", *(f"gradient of {w.name}" for w in layer.trainable_weights)]
    traced = tf.function(
        lambda inputs: outputs_and_gradients(layer, inputs),
        input_signature=[tf.TensorSpec([None, *x.shape[1:]], dtype)],
        jit_compile=jit_compile,
        autograph=False,
    )
    before = layer.get_weights()
    found = traced(x)
    layer.set_weights(before)  # both from the same statistics, which a block may read in training too
    wanted = outputs_and_gradients(layer, tf.constant(x))
    noise = NOISE * max(float(tf.reduce_max(tf.abs(gradient))) for gradient in wanted[1:])
    for name, received, value in zip(names, found, wanted):
        what = f"{name}, {mode} against eager, {arguments}"
        expect_close(received, value, case, what, noise=0.0 if value is wanted[0] else noise)


def outputs_and_gradients(layer, inputs):
    """[outputs, gradient of the inputs, gradients of the weights]; each output counts with a weight of its own."""
    variables = [variable(weight) for weight in layer.trainable_weights]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, training=True)
        wide = tf.float64 if outputs.dtype == tf.float64 else tf.float32
        flat = tf.reshape(tf.cast(outputs, wide), [-1])
        loss = tf.reduce_sum(flat * tf.cos(1.0 + tf.range(tf.size(flat), dtype=wide)))
    gradients = tape.gradient(loss, [inputs, *variables], unconnected_gradients="zero")
    return [outputs, *map(tf.convert_to_tensor, gradients)]
