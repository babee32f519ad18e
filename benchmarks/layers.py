"""`CondConv2D` with 8 experts, and others, against `keras.layers.Conv2D` of the same shape."""

import math

import keras
import tensorflow as tf

import tfdynconv
from benchmarks import shapes
from benchmarks.steps import forward, training_step
from benchmarks.timing import interleaved


def static(shape):
    if shape.depthwise:
        return keras.layers.DepthwiseConv2D(shape.kernel, padding="same", strides=shape.strides)
    return keras.layers.Conv2D(shape.filters, shape.kernel, padding="same", strides=shape.strides)


def cond(shape, num_experts=8):
    if shape.depthwise:
        return tfdynconv.DepthwiseCondConv2D(
            shape.kernel, padding="same", strides=shape.strides, num_experts=num_experts
        )
    return tfdynconv.CondConv2D(
        shape.filters, shape.kernel, padding="same", strides=shape.strides, num_experts=num_experts
    )


def ratios(shape, jit_compile, kinds=("forward", "training"), make=cond, seconds=2.0):
    """Time of the dynamic layer over the static one's, for each kind of step, in one interleaved run."""
    x = tf.random.normal(shape.input_shape)
    layers = {"static": static(shape), "dynamic": make(shape)}
    for layer in layers.values():
        layer.build(x.shape)
    steps = {"forward": forward, "training": training_step}
    candidates = {(kind, name): steps[kind](layer, x, jit_compile) for kind in kinds for name, layer in layers.items()}
    times = interleaved(candidates, seconds)
    return {kind: times[kind, "dynamic"] / times[kind, "static"] for kind in kinds}


def geometric_mean(values):
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values))


def table(seconds=2.0, jits=(False, True)):
    """Rows of (shape, forward graph, training graph, forward XLA, training XLA)."""
    rows = []
    for shape in shapes.TRAINING:
        row = []
        for jit in jits:
            measured = ratios(shape, jit, seconds=seconds)
            row += [measured["forward"], measured["training"]]
        rows.append((str(shape), row))
        yield rows[-1]
    yield "geometric mean", [geometric_mean(column) for column in zip(*(row for _, row in rows))]


def single(seconds=1.0):
    for shape in shapes.SINGLE:
        yield str(shape), [ratios(shape, False, ("forward",), seconds=seconds)["forward"]]


def growth(seconds=2.0):
    """Training step from 1 to 8 experts, and from batch 32 to 64, per shape."""
    for shape in shapes.TRAINING:
        x = tf.random.normal(shape.input_shape)
        twice = tf.concat([x, x], 0)
        one, eight = cond(shape, 1), cond(shape)
        one.build(x.shape), eight.build(x.shape)
        times = interleaved(
            {
                "one": training_step(one, x, False),
                "eight": training_step(eight, x, False),
                "twice": training_step(eight, twice, False),
            },
            seconds,
        )
        yield str(shape), [times["eight"] / times["one"], times["twice"] / times["eight"]]
