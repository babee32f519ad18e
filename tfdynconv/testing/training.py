"""A layer learns: with any batch, in every weight, in half precision too."""

import keras
import numpy as np
import tensorflow as tf

from tfdynconv.layers.walk import walk
from tfdynconv.routing import Routing
from tfdynconv.testing.case import variable
from tfdynconv.testing.compare import NOISE, expect, expect_close
from tfdynconv.testing.execution import outputs_and_gradients
from tfdynconv.testing.serialization import model_of
from tfdynconv.testing.temperature import set_temperature

POLICIES = {"mixed_float16": ("float16", 2e-2), "mixed_bfloat16": ("bfloat16", 1e-1)}


def check_batch_of_one(case):
    """`fit` runs with batch 1, compiled by XLA, and the routing still depends on the input.

    With its coefficients standing still a layer without activation would be affine: `f(x + y) + f(0) = f(x) + f(y)`.
    """
    fit(case, samples=1, batch_size=1, jit_compile=True)
    without = {"activation": None} if "activation" in case.parameters() else {}
    layer = case.made({**case.arguments, **without})
    set_temperature(layer, 1.0)  # a high one leaves the coefficients nearly still
    x, y = case.inputs(8, seed=1), case.inputs(8, seed=2)
    bend = largest = 0.0
    for a, b in zip(x[:, np.newaxis], y[:, np.newaxis]):  # several, for a hidden unit may sleep through some
        f = [np.asarray(layer(values, training=True)) for values in (a + b, 0 * a, a, b)]
        bend = max(bend, np.abs(f[0] + f[1] - f[2] - f[3]).max())
        largest = max(largest, np.abs(f[0]).max())
    expect(
        bend > 1e-3 * largest,
        case,
        "in training with batch 1 the outputs are affine in the inputs: the routing no longer depends on them. Does it "
        "normalise over the batch?",
    )


def check_partial_batch(case):
    """`fit` runs where the last batch is smaller than the others."""
    fit(case, samples=5, batch_size=2, jit_compile=False)


def check_weights_learn(case):
    """After all weights are drawn at random, each trainable one gets a gradient, and an optimizer's step moves it."""
    for arguments in case.sets():
        layer = case.made(arguments)
        gradients = outputs_and_gradients(layer, tf.constant(case.inputs(4, arguments)))[2:]
        noise = NOISE * max((float(tf.reduce_max(tf.abs(gradient))) for gradient in gradients), default=0.0)
        for weight, gradient in zip(layer.trainable_weights, gradients):
            expect(
                np.isfinite(gradient).all() and np.abs(gradient).max() > noise,
                case,
                f"weight {weight.name} gets no gradient but rounding (or one that is not finite), {arguments}.",
            )
        before = [weight.numpy() for weight in layer.trainable_weights]
        if not before:
            continue  # nothing that an optimizer could move
        optimizer = keras.optimizers.SGD(0.1)
        optimizer.build([variable(w) for w in layer.trainable_weights])
        optimizer.apply_gradients(zip(gradients, layer.trainable_weights))
        for weight, old in zip(layer.trainable_weights, before):
            expect(np.any(weight.numpy() != old), case, f"weight {weight.name} does not move, {arguments}.")


def check_mixed_precision(case):
    """In float16 and bfloat16: outputs of that dtype, finite and near those of float32, weights and routing in float32."""
    for policy, (dtype, tolerance) in POLICIES.items():
        for arguments in case.sets():
            exact, layer, x = case.made(arguments), case.made(arguments, dtype=policy), case.inputs(3, arguments)
            expected = outputs_and_gradients(exact, tf.constant(x))[0]
            outputs, *gradients = outputs_and_gradients(layer, tf.constant(x))
            what = f"{policy}, {arguments}"
            expect(outputs.dtype.name == dtype, case, f"{what}: outputs are {outputs.dtype.name}.")
            expect_close(outputs, expected, case, f"{what}: outputs against float32", tolerance)
            for weight in layer.weights:
                stored = tf.as_dtype(weight.dtype).name
                expect(stored == "float32", case, f"{what}: weight {weight.name} is stored in {stored}.")
            for gradient in gradients:
                expect(np.isfinite(gradient).all(), case, f"{what}: a gradient is not finite.")
            for part in walk(layer):
                if isinstance(part, Routing):
                    expect(part.compute_dtype == "float32", case, f"{what}: its routing runs in {part.compute_dtype}.")


def fit(case, samples, batch_size, jit_compile):
    """Train a model of the layer for one epoch; its loss and weights must be finite, and its weights must move."""
    model, x = model_of(case, case.arguments), case.inputs(samples)
    targets = np.random.default_rng(3).normal(size=(samples, *model.output_shape[1:])).astype("float32")
    before = model.get_weights()
    model.compile(keras.optimizers.SGD(0.01), "mse", jit_compile=jit_compile)
    history = model.fit(x, targets, batch_size=batch_size, verbose=0)
    what = f"fit on {samples} samples in batches of {batch_size}" + (", XLA" if jit_compile else "")
    expect(np.isfinite(history.history["loss"]).all(), case, f"{what}: the loss is not finite.")
    after = model.get_weights()
    expect(all(np.isfinite(value).all() for value in after), case, f"{what}: a weight is not finite.")
    expect(any(np.any(a != b) for a, b in zip(before, after)), case, f"{what}: no weight moved.")
