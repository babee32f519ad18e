"""A temperature is state that the compiled step reads, not a number frozen into it."""

import numpy as np
import tensorflow as tf

from tfdynconv.layers.walk import walk
from tfdynconv.testing.compare import expect, expect_close


def check_temperature(case):
    """A function that is traced already sees a change of the temperature, if the layer has one."""
    layer, x = case.made(), case.inputs(3)
    if not holders(layer):
        return
    for jit_compile in (False, True):
        traced = tf.function(layer, jit_compile=jit_compile, autograph=False)
        outputs = []
        for temperature in (1.0, 30.0):
            set_temperature(layer, temperature)
            outputs.append((np.asarray(traced(x)), np.asarray(layer(x))))
        (compiled_low, eager_low), (compiled_high, eager_high) = outputs
        expect(
            np.abs(eager_low - eager_high).max() > 1e-3 * np.abs(eager_low).max(),
            case,
            "the temperature changes nothing: is it read where the coefficients are computed?",
        )
        expect_close(compiled_low, eager_low, case, "outputs at temperature 1")
        expect_close(
            compiled_high,
            eager_high,
            case,
            "a temperature set after tracing is not seen: make it a weight that is not trainable, never a Python "
            "number. Outputs at temperature 30",
        )


def holders(layer):
    return [part for part in walk(layer) if hasattr(part, "temperature")]


def set_temperature(layer, value):
    """Set every temperature inside a layer, also one that is wrongly kept as a number."""
    for holder in holders(layer):
        if hasattr(holder.temperature, "assign"):
            holder.temperature.assign(value)
        else:
            holder.temperature = value
