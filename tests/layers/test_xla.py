"""Every layer under XLA: what it computes with a known batch, and that its program does not grow with the batch.

The harness compiles each layer's training step with an unknown batch, on images so small that products of matrices do. Here
they are large enough for the loop that XLA gets elsewhere.
"""

import dataclasses

import pytest
import tensorflow as tf

from tfdynconv.export.xla_program import Program
from tfdynconv.testing import ALL_LAYERS
from tfdynconv.testing.compare import expect_close
from tfdynconv.testing.execution import outputs_and_gradients

SPACE = {1: (70,), 2: (11, 10), 3: (7, 7, 7)}  # more than 64 outputs behind a kernel of 3
LARGE = [dataclasses.replace(c, input_shape=(*SPACE[len(c.input_shape) - 1], c.input_shape[-1])) for c in ALL_LAYERS]
# one of each way to compute; the slow sweep has all
SAMPLE = "CondConv2D DepthwiseCondConv2D CondDense DynamicConv3D DyNetConv2D DRConv2D".split()
CASES = [pytest.param(c, id=str(c), marks=[] if str(c) in SAMPLE else pytest.mark.slow) for c in LARGE]
VARIANTS = [pytest.param(c, i, id=f"{c}-{i}") for c in LARGE for i in range(1, len(c.sets()))]


def inference(layer, x):
    return [layer(x, training=False)]


def compiled(step, layer, shape):
    return tf.function(
        lambda x: step(layer, x), input_signature=[tf.TensorSpec(shape)], jit_compile=True, autograph=False
    )


def check_static_batch(case, arguments, step):
    layer, x = case.made(arguments), case.inputs(2, arguments)
    run = compiled(step, layer, x.shape)
    for i, (received, wanted) in enumerate(zip(run(x), step(layer, tf.constant(x)), strict=True)):
        expect_close(received, wanted, case, f"result {i} of a static batch of 2, XLA against eager, {arguments}")


def instructions(case, arguments, step, batch, stage="hlo_serialized"):
    """Of the program for this batch, before XLA optimizes it or after."""
    layer, x = case.made(arguments), tf.constant(case.inputs(batch, arguments))
    run = compiled(step, layer, x.shape)
    return Program(run.experimental_get_compiler_ir(x)(stage=stage)).size


def check_size(case, arguments, step):
    assert instructions(case, arguments, step, 32) == instructions(case, arguments, step, 2)


@pytest.mark.parametrize("case", CASES)
def test_inference_with_a_static_batch(case):
    check_static_batch(case, case.arguments, inference)


@pytest.mark.parametrize("case", CASES)
def test_a_training_step_with_a_static_batch(case):
    check_static_batch(case, case.arguments, outputs_and_gradients)


@pytest.mark.parametrize("case", CASES)
def test_the_program_does_not_grow_with_the_batch(case):
    """What XLA is given to compile is as long for 32 samples as for 2, so that compiling takes no longer."""
    check_size(case, case.arguments, outputs_and_gradients)


@pytest.mark.slow
@pytest.mark.parametrize("case, i", VARIANTS)
def test_every_variant(case, i):
    check_static_batch(case, case.sets()[i], outputs_and_gradients)
    check_size(case, case.sets()[i], outputs_and_gradients)


@pytest.mark.slow
@pytest.mark.parametrize("case", LARGE, ids=str)
def test_the_optimized_program_hardly_grows_with_the_batch(case):
    """XLA fuses by size, so a few instructions more or less are its own."""
    few, many = (
        instructions(case, case.arguments, outputs_and_gradients, b, "optimized_hlo_serialized") for b in (2, 32)
    )
    assert many <= 1.05 * few
