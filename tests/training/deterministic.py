"""Train every public layer twice from one seed, with TensorFlow held to deterministic ops, and print what came out.

    python -m tests.training.deterministic [--jit] [--variants]

For a process of its own: `enable_op_determinism` cannot be taken back. The line printed is JSON, for each layer (and number
of its arguments) the digests of both runs, so that runs of two processes can be compared too.
"""

import argparse
import hashlib
import json

import keras
import numpy as np
import tensorflow as tf

from tfdynconv.testing import ALL_LAYERS
from tfdynconv.testing.case import variable

STEPS, BATCH = 3, 16


def digests_of_training(case, arguments, jit_compile):
    """Two runs of one traced step, each from weights that the seed gives."""
    layer = built(case, arguments)
    optimizer, variables = keras.optimizers.Adam(0.01), [variable(weight) for weight in layer.trainable_weights]
    optimizer.build(variables)
    start = [np.array(value) for value in state(optimizer)]

    def step(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = layer(x, training=True)
            loss = tf.reduce_mean(tf.square(outputs - 1.0))
        results = tape.gradient(loss, [x, *variables], unconnected_gradients="zero")
        optimizer.apply_gradients(zip(results[1:], layer.trainable_weights))
        return outputs, *results

    step = tf.function(step, jit_compile=jit_compile, autograph=False)
    for _ in range(2):
        values = [np.array(weight) for weight in built(case, arguments).weights] + start
        for weight, value in zip([*layer.weights, *state(optimizer)], values):
            weight.assign(tf.identity(value))  # not the array itself, which an optimizer could write into
        digest = hashlib.sha256()
        for number in range(STEPS):
            x = tf.constant(case.inputs(BATCH, arguments, seed=number))
            for array in (*step(x), *layer.weights, *state(optimizer)):
                digest.update(np.ascontiguousarray(array).tobytes())
        yield digest.hexdigest()


def built(case, arguments):
    keras.utils.set_random_seed(7)
    layer = case.make(arguments)
    layer.build((None, *case.sample_shape(arguments)))
    return layer


def state(optimizer):
    return optimizer.variables() if callable(optimizer.variables) else optimizer.variables


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jit", action="store_true")
    parser.add_argument("--variants", action="store_true")
    options = parser.parse_args()
    tf.config.experimental.enable_op_determinism()
    digests = {}
    for case in ALL_LAYERS:
        for i, arguments in enumerate(case.sets() if options.variants else [case.arguments]):
            digests[f"{case} {i}"] = list(digests_of_training(case, arguments, options.jit))
    print(json.dumps(digests))


if __name__ == "__main__":
    main()
