"""Functions to time: a layer's forward pass and its training step, traced with an unknown batch as `model.fit` does."""

import tensorflow as tf

from tfdynconv.testing.case import variable


def step(layer, inputs, training, jit_compile):
    """The forward pass, or the gradients for inputs and all weights; the loss is a sum of squares."""
    run = any_batch(layer, inputs, training, jit_compile)
    return lambda: run(*inputs)


def any_batch(layer, inputs, training, jit_compile):
    """The same for inputs like these, in batches of any size.

    Traced once, here: what is called is the concrete function, so that TensorFlow has no new traces to warn of.
    """
    variables = [variable(weight) for weight in layer.trainable_weights]

    def run(*inputs):
        given = list(inputs) if len(inputs) > 1 else inputs[0]
        if not training:
            return layer(given, training=False)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = tf.nest.flatten(layer(given, training=True))
            loss = tf.add_n([tf.reduce_sum(tf.square(y)) for y in outputs])
        return tape.gradient(loss, [*inputs, *variables])

    signature = [tf.TensorSpec([None, *x.shape[1:]], x.dtype) for x in inputs]
    traced = tf.function(run, input_signature=signature, autograph=False, jit_compile=jit_compile)
    return traced.get_concrete_function()


def forward(layer, x, jit_compile):
    return step(layer, [x], False, jit_compile)


def training_step(layer, x, jit_compile):
    return step(layer, [x], True, jit_compile)
