"""Compile a Keras model with XLA for this machine, and tell what came out."""

import re
import time
import typing

import keras
import numpy as np
import tensorflow as tf

from tfdynconv.export.conversion import owner
from tfdynconv.export.samples import random_inputs
from tfdynconv.export.tracing import blamed
from tfdynconv.export.xla_count import count
from tfdynconv.export.xla_inputs import specs_for
from tfdynconv.export.xla_program import Program, temporary_bytes
from tfdynconv.export.xla_report import XlaReport
from tfdynconv.layers.walk import walk
from tfdynconv.ops import place

CALLER = "compile_xla"
SECONDS, FEWEST, MOST = 1.0, 5, 50  # of timing; runs


def compile_xla(
    model: keras.Model, input_shape: typing.Any, *, train: bool = False
) -> tuple[typing.Callable, XlaReport]:
    """Compile a Keras model, or its training step, with XLA, and report what it costs beside the plain graph.

    Use it for a server or a loop of your own, and to see whether XLA pays before you pass `jit_compile=True` to
    `model.compile`. The function reads the model's weights where it runs: train on or load others, and it computes with those.

    Args:
        model: a built Keras model.
        input_shape: with the batch first, `(32, 28, 28, 3)`; for several inputs a list or dict of shapes as the model takes
            them. A `tf.TensorSpec` in place of a shape tells the dtype too, which a subclassed model cannot. With None for
            the batch the function takes any, and XLA compiles once for each that it meets; the figures are for a batch of 1.
        train: compile a training step in place of inference: `model(inputs, training=True)`, and the gradients of the mean
            square of its outputs (and of the model's own losses) for all trainable weights, which the function returns in
            the order of `model.trainable_weights`.

    Returns:
        `(function, report)`: a `tf.function` that takes the model's inputs as one argument, and an `XlaReport`.

    Raises:
        ValueError: it is no built Keras model, the shape is not one that it takes, or XLA cannot compile one of its ops; the
            layer is named where it can be told.

    Cost: three compilations, for XLA tells instructions and buffers only when asked apart, and a second of timing.

    >>> import keras, tensorflow as tf, tfdynconv
    >>> model = keras.Sequential([keras.Input([8, 8, 3]), tfdynconv.CondConv2D(4, 1, num_experts=2, use_bias=False)])
    >>> function, report = compile_xla(model, (2, 8, 8, 3))
    >>> function(tf.ones([2, 8, 8, 3])).shape
    TensorShape([2, 8, 8, 4])
    >>> report.flops >= 2 * 2 * 8 * 8 * 3 * 4
    True
    """
    specs, fixed = specs_for(model, input_shape, CALLER)
    run = training_step(model) if train else lambda inputs: model(inputs, training=False)
    compiled, plain = (
        tf.function(run, input_signature=[specs], jit_compile=jit, autograph=False) for jit in (True, False)
    )
    concrete = traced(compiled, model, specs)
    traced(plain, model, specs)
    inputs = tf.nest.map_structure(tf.constant, random_inputs(fixed)[0])
    state = [(variable, variable.read_value()) for variable in concrete.variables if not variable.trainable]
    try:
        first, outputs = timed(compiled, inputs, model)
        error = None if train else largest_error(plain(inputs), outputs)
        own, other = in_turns(compiled, plain, inputs)
    finally:
        for variable, value in state:  # a training step moves statistics
            variable.assign(value)
    stages = compiled.experimental_get_compiler_ir(inputs)
    program = Program(stages(stage="optimized_hlo_serialized"))
    total = count(program)
    report = XlaReport(
        device="GPU" if place.compiled_place() == "gpu" else "CPU",
        inputs={spec.name: tuple(spec.shape) for spec in tf.nest.flatten(fixed)},
        train=train,
        compile_seconds=max(first - own, 0.0),
        instructions=program.size,
        flops=total.flops,
        bytes=total.bytes,
        temporary_bytes=temporary_bytes(stages(stage="optimized_hlo_proto_serialized")),
        milliseconds=1000 * own,
        plain_milliseconds=1000 * other,
        max_relative_error=error,
        left_out=dict(total.left_out),
        any_batch=any(spec.shape[0] is None for spec in tf.nest.flatten(specs)),
    )
    return compiled, report


def training_step(model):
    def run(inputs):
        with tf.GradientTape() as tape:
            outputs = tf.nest.flatten(model(inputs, training=True))
            loss = tf.add_n([tf.reduce_mean(tf.square(tf.cast(y, tf.float32))) for y in outputs])
            loss += sum(tf.cast(value, tf.float32) for value in model.losses)
        return tape.gradient(loss, [variable(w) for w in model.trainable_weights], unconnected_gradients="zero")

    return run


def variable(weight):
    """What a tape wants: Keras 3 keeps TensorFlow's variable inside its own."""
    return weight if callable(getattr(weight, "value", None)) else weight.value


def traced(function, model, specs):
    before = len(model.weights)
    try:
        concrete = function.get_concrete_function()
    except (ValueError, TypeError, RuntimeError, AttributeError, LookupError, tf.errors.OpError) as error:
        shapes = ", ".join(f"{spec.name} {spec.dtype.name} {tuple(spec.shape)}" for spec in tf.nest.flatten(specs))
        raise ValueError(
            f"{CALLER}: {type(model).__name__} {model.name!r} cannot be called with these inputs: {shapes}.{blamed(error)} "
            f"Give the shapes that it takes, the batch first. It said: {error}"
        ) from error
    if len(model.weights) > before:
        raise ValueError(
            f"{CALLER}: {type(model).__name__} {model.name!r} made {len(model.weights) - before} of its weights only now, "
            "inside a tf.function, where Keras would freeze their values. Call the model once on data before, model(x)."
        )
    return concrete


def timed(compiled, inputs, model):
    """(seconds of the first call, its outputs), or an error that names what XLA cannot compile."""
    begin = time.perf_counter()
    try:
        outputs = finished(compiled(inputs))
    except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
        message = str(error).split("\nThe op is created at")[0].split("\nStack trace")[0]
        layers = list(walk(model))
        places = dict.fromkeys(owner(where, layers) for where in re.findall(r"\{\{node ([^}]+)\}\}", message))
        named = f" (look at {'; '.join(places)})" if places else ""
        raise ValueError(
            f"{CALLER}: XLA cannot compile this model{named}. Replace the layer to blame, or leave it out of the compiled "
            f"model. XLA said: {message[:600]}"
        ) from error
    return time.perf_counter() - begin, outputs


def finished(outputs):
    """Devices other than a CPU answer before they are done."""
    for tensor in tf.nest.flatten(outputs)[-1:]:
        tensor.numpy()
    return outputs


def in_turns(compiled, plain, inputs):
    """Median seconds of a call of each; a slow moment of the machine hits both."""
    functions, end = (compiled, plain), time.perf_counter() + SECONDS
    times: tuple[list, list] = ([], [])
    for _ in range(MOST):
        for function, own in zip(functions, times):
            begin = time.perf_counter()
            finished(function(inputs))
            own.append(time.perf_counter() - begin)
        if len(times[0]) >= FEWEST and time.perf_counter() > end:
            break
    return tuple(float(np.median(own)) for own in times)


def largest_error(expected, received):
    worst = 0.0
    for a, b in zip(tf.nest.flatten(expected), tf.nest.flatten(received)):
        a, b = (np.asarray(tf.cast(t, tf.float64)) for t in (a, b))
        scale = np.abs(a).max(initial=0.0)
        worst = max(worst, float(np.abs(a - b).max(initial=0.0) / (scale or 1.0)))
    return worst
