"""Functions to time: a layer's forward pass and its training step, traced with an unknown batch as `model.fit` does."""

import tensorflow as tf


def forward(layer, x, jit_compile):
    run = any_batch(layer, x, jit_compile)
    return lambda: run(x)


def any_batch(layer, x, jit_compile):
    """The forward pass for inputs like x, in batches of any size."""

    @tf.function(
        input_signature=[tf.TensorSpec([None, *x.shape[1:]], x.dtype)], jit_compile=jit_compile, autograph=False
    )
    def run(inputs):
        return layer(inputs, training=False)

    return run


def training_step(layer, x, jit_compile):
    """Forward pass and the gradients for the input and all weights; the loss is a sum of squares."""
    weights = list(layer.trainable_weights)
    values = [getattr(w, "value", w) for w in weights]
    variables = [v() if callable(v) else v for v in values]

    @tf.function(
        input_signature=[tf.TensorSpec([None, *x.shape[1:]], x.dtype)], jit_compile=jit_compile, autograph=False
    )
    def run(inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = tf.reduce_sum(tf.square(layer(inputs, training=True)))
        return tape.gradient(loss, [inputs, *variables])

    return lambda: run(x)
