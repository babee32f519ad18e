"""Every public layer compiles for a TPU, forward and in training: the real compiler says so."""

import keras
import pytest
import tensorflow as tf

from tfdynconv.export.tpu import model_program
from tfdynconv.export.tpu_compiler import compile_programs
from tfdynconv.testing import ALL_LAYERS

pytest.importorskip("jax", reason="the extra `tpu` is not installed")

SAMPLE = {"CondConv2D", "DepthwiseDynamicConv2D", "DRConv2D", "ODConv2D"}  # the last updates variables as it trains


def compiled(cases, dtype):
    """`{(layer, whether training): figures}`, by one child process."""
    programs = {}
    for case in cases:
        model = keras.Sequential([keras.Input(case.input_shape), case.make()])
        spec = tf.TensorSpec([2, *case.input_shape], dtype)
        for train in (False, True):
            programs[str(case), train] = model_program(model, spec, train, dtype)
    return dict(zip(programs, compile_programs(list(programs.values()), "v5e", "test")))


def refused(cases, dtype):
    return {key: figures.error for key, figures in compiled(cases, dtype).items() if figures.error is not None}


def test_a_sample_compiles():
    assert refused([case for case in ALL_LAYERS if str(case) in SAMPLE], "bfloat16") == {}


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_every_layer_compiles(dtype):
    assert refused(ALL_LAYERS, dtype) == {}
