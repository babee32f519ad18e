"""Every lowering computes the definition: outputs and both gradients, over random requests, in every mode."""

import zlib

import hypothesis
import numpy as np
import pytest
import tensorflow as tf

from tests.modes import in_mode
from tests.ops.cases import cases
from tests.oracles import rounding
from tfdynconv.ops import per_sample_conv, per_sample_depthwise_conv, place

OPS = {"conv": per_sample_conv, "depthwise": per_sample_depthwise_conv}
LOWERINGS = ("auto", "loop", "grouped", "matmul", "unrolled", "vectorized")
EXAMPLES = {"eager": 36, "graph": 9, "jit": 5}  # in `make test`; tracing and compiling take the time


def computed(case, lowering, mode, numbers):
    """Outputs and gradients of the op, channels last in float64."""

    def step(x, k, r):
        with tf.GradientTape() as tape:
            tape.watch([x, k])
            y = OPS[case.kind](x, k, lowering=lowering, **case.arguments())
        return y, *tape.gradient(y, [x, k], output_gradients=r)

    tensors = [case.tensor(values) for values in numbers]
    results = in_mode(step, mode, case.specs(*tensors))(*tensors)
    for result, like in zip(results, (tensors[2], tensors[0], tensors[1])):
        assert result.dtype == case.dtype
        assert result.shape == like.shape
    return [case.array(result) for result in results]


def check(case, lowering, mode):
    x, k, r = case.numbers()
    if refused(case, lowering, mode):
        with pytest.raises(ValueError, match="per_sample_conv: lowering='grouped' cannot be used here"):
            computed(case, lowering, mode, (x, k, r))
        return
    oracle = case.oracle()
    expected = oracle.forward(x, k), oracle.input_grad(r, k), oracle.kernel_grad(x, r)
    x_size, k_size, r_size = abs(x), abs(k), abs(r)
    sizes = oracle.forward(x_size, k_size), oracle.input_grad(r_size, k_size), oracle.kernel_grad(x_size, r_size)
    taps, pixels = np.prod(case.kernel_size), np.prod(oracle.output_size)
    terms = taps * case.channels, taps * case.filters, pixels
    results = computed(case, lowering, mode, (x, k, r))
    names = ("outputs", "gradient of the inputs", "gradient of the kernels")
    for name, result, right, size, n in zip(names, results, expected, sizes, terms):
        error = np.abs(result - right) - rounding(case.dtype, n) * size
        assert np.all(error <= 0), f"{name}: off by up to {np.abs(result - right).max():.3g}"


def refused(case, lowering, mode):
    """The one request that a documented lowering turns down outside a phone."""
    return lowering == "grouped" and case.rank == 3 and mode != "jit"


SAMPLE_AND_SWEEP = [pytest.param(1, id="sample"), pytest.param(20, id="sweep", marks=pytest.mark.slow)]


def check_many(kind, lowering, mode, factor, **restrictions):
    few = lowering == "vectorized" and mode != "jit"  # retraces its loop at every call
    name = f"{kind} {lowering} {mode} {factor}"

    @hypothesis.seed(zlib.crc32(name.encode()))
    @hypothesis.settings(max_examples=EXAMPLES[mode] * factor // (3 if few else 1))
    @hypothesis.given(cases(kind, **restrictions))
    def run(case):
        check(case, lowering, mode)

    run()


@pytest.mark.parametrize("factor", SAMPLE_AND_SWEEP)
@pytest.mark.parametrize("lowering", LOWERINGS)
def test_per_sample_conv(lowering, mode, factor):
    check_many("conv", lowering, mode, factor)


@pytest.mark.parametrize("factor", SAMPLE_AND_SWEEP)
@pytest.mark.parametrize("lowering", LOWERINGS)
def test_per_sample_depthwise_conv(lowering, mode, factor):
    check_many("depthwise", lowering, mode, factor, ranks=(2,))


@pytest.mark.parametrize("factor", SAMPLE_AND_SWEEP)
@pytest.mark.parametrize("kind, lowering", [("conv", "auto"), ("conv", "grouped"), ("depthwise", "auto")])
def test_as_lowered_for_a_tpu(kind, lowering, factor):
    """XLA on a CPU computes what is meant for a TPU, slowly, and to the same definition."""
    with place.exporting("tpu"):
        check_many(kind, lowering, "jit", factor, **({"ranks": (2,)} if kind == "depthwise" else {}))
