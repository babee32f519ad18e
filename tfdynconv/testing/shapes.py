"""Shapes: what a layer says before it runs is what comes out, and it needs to know little beforehand."""

import keras
import numpy as np
import tensorflow as tf

from tfdynconv.testing.case import redraw
from tfdynconv.testing.compare import expect, expect_close


def check_build(case):
    """`build` alone makes all weights; the first call adds none."""
    for arguments in case.sets():
        layer = case.make(arguments)
        layer.build((None, *case.sample_shape(arguments)))
        names = [weight.name for weight in layer.weights]
        layer(case.inputs(2, arguments))
        expect(
            names == [weight.name for weight in layer.weights],
            case,
            f"weights made by the first call, not by build: {names} became {[w.name for w in layer.weights]}.",
        )


def check_output_shape(case):
    """`compute_output_shape` and a symbolic call give the shape of the real output, None where a size is unknown."""
    for arguments in case.sets():
        layer, x = case.make(arguments), case.inputs(2, arguments)
        real = tuple(layer(x).shape)
        for unknown in unknown_axes(case, arguments):
            shape = tuple(None if axis in unknown else n for axis, n in enumerate(x.shape))
            told = tuple(layer.compute_output_shape(shape))
            symbolic = tuple(case.make(arguments)(keras.Input(batch_shape=shape)).shape)
            wanted = tuple(None if axis in unknown else n for axis, n in enumerate(real))
            for what, received in (("compute_output_shape", told), ("a symbolic call", symbolic)):
                expect(
                    received == wanted,
                    case,
                    f"{what} for {shape}, {arguments}: expected {wanted}. Received: {received}.",
                )


def check_unknown_sizes(case):
    """Built without batch and spatial sizes, a layer serves inputs of any, as one that is built for each."""
    for arguments in case.sets():
        x = case.inputs(3, arguments)
        unknown = unknown_axes(case, arguments)[-1]
        shape = [None if axis in unknown else n for axis, n in enumerate(x.shape)]
        layer, inputs = case.make(arguments), keras.Input(batch_shape=shape)
        model = keras.Model(inputs, layer(inputs))
        redraw(layer)
        traced = tf.function(layer, input_signature=[tf.TensorSpec(shape)], autograph=False)
        larger = np.pad(x, [[0, 1], *([0, 2 if axis in unknown else 0] for axis in range(1, x.ndim))], mode="wrap")
        for values in (x, larger):
            known = case.make(arguments)
            known.build(values.shape)
            known.set_weights(layer.get_weights())
            for what, outputs in (("traced", traced(values)), ("a model", model(values))):
                expect_close(
                    outputs, known(values), case, f"{what} for {shape}, called with {values.shape}, {arguments}"
                )


def check_channels_first(case):
    """With `data_format="channels_first"` and transposed inputs the outputs are the same, transposed."""
    expect("data_format" in case.parameters(), case, "has no argument data_format.")
    for arguments in case.sets():
        last = case.made({**arguments, "data_format": "channels_last"})
        first = case.made({**arguments, "data_format": "channels_first"})
        x = case.inputs(3)
        outputs = np.moveaxis(np.asarray(first(np.moveaxis(x, -1, 1))), 1, -1)
        expect_close(outputs, last(x), case, f"channels first, {arguments}")


def unknown_axes(case, arguments):
    """Sets of axes that may be unknown: none, the batch, the batch and all spatial axes."""
    rank = len(case.input_shape) + 1
    channels = 1 if arguments.get("data_format") == "channels_first" else rank - 1
    return [set(), {0}, set(range(rank)) - {channels}]
