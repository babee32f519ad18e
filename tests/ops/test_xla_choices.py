"""Each rule of the plan for XLA on a CPU: requests that it decides run compiled, with the lowering that it names."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests.modes import in_mode
from tests.ops.cases import each
from tests.ops.test_against_the_definition import OPS
from tests.ops.test_plan import ran as ran
from tests.ops.test_second_derivatives import CASES
from tfdynconv.ops import machine, plan

LARGE = {1: (71,), 2: (10, 9), 3: (5, 5, 5)}
# large ones have more pixels than the plan calls few
REQUESTS = {
    "2d_pointwise": plan.LEAST,
    "large 2d_pointwise": plan.LEAST,
    "1d_stride": plan.LEAST,
    "2d": plan.LEAST,
    "3d_groups": "matmul",
    "3d_dilated": "matmul",
    "2d_stride_above_kernel": plan.LEAST,
    "large 1d_causal_dilated_groups": plan.LEAST,
    "large 2d": plan.LEAST,
    "large 2d_dilated": plan.LEAST,
    "large 2d_groups_dilated_channels_first": plan.LEAST,
    "large 3d_groups": "loop_compiled",
    "large 3d_dilated": "loop_compiled",
    "depthwise_stride": "matmul",
    "large depthwise_dilated": "matmul",
}
SAMPLE = ("large 2d_pointwise", "3d_dilated", "large 2d", "large 3d_groups", "depthwise_stride")


def request(name):
    case = CASES[name.removeprefix("large ")]
    return dataclasses.replace(case, known_size=True, size=LARGE[case.rank] if name.startswith("large") else case.size)


def deciding_rule(case):
    pixels = int(np.prod(case.oracle().output_size))
    strides, dilations = (np.max(each(value, case.rank)) for value in (case.strides, case.dilations))
    asked = plan.Case(case.kind, case.kernel_size, pixels, dilations > 1, strides)
    return next(rule for rule in plan.RULES if rule[:2] == ("cpu_xla", case.kind) and rule[2](asked))


def test_every_rule_is_tried():
    tried = {deciding_rule(request(name)) for name in SAMPLE}
    assert tried == {rule for rule in plan.RULES if rule[0] == "cpu_xla"}


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in SAMPLE else pytest.mark.slow) for n in REQUESTS])
def test_what_a_rule_chooses_runs_under_xla(name, ran):
    case = request(name)
    x, k, r = case.numbers()

    def step(x, k, r):
        with tf.GradientTape() as tape:
            tape.watch([x, k])
            y = OPS[case.kind](x, k, **case.arguments())
        return y, *tape.gradient(y, [x, k], output_gradients=r)

    tensors = [case.tensor(values) for values in (x, k, r)]
    results = in_mode(step, "jit", case.specs(*tensors))(*tensors)
    assert deciding_rule(case)[3] == REQUESTS[name]
    assert set(ran) <= set(machine.LOWERINGS["cpu_xla"] if REQUESTS[name] == plan.LEAST else [REQUESTS[name]])
    oracle = case.oracle()
    expected = oracle.forward(x, k), oracle.input_grad(r, k), oracle.kernel_grad(x, r)
    for result, right in zip(results, expected, strict=True):
        np.testing.assert_allclose(case.array(result), right, rtol=1e-9, atol=1e-9)
