"""What a convolution costs: counts worked by hand, and the choices for the shapes that the tables are measured on."""

import math

import pytest
import tensorflow as tf

from benchmarks import shapes
from tests.ops.paces import paces
from tfdynconv.ops import machine, per_sample_conv, plan, plan_cost
from tfdynconv.ops.plan_cost import FUNCTIONS, Work

# 2 channels, 5 filters, 3x3: a kernel of 90 numbers; 4x4 cells: 32 numbers go in, 80 come out, patches have 288 and 720
PLAIN = plan.Case("conv", (3, 3), 16, channels=2, filters=5, cells_in=16, cells_out=16)
# at stride 2 from 8x8 cells: 128 in, 80 out, patches of 288, of all input cells 2880
STRIDED = plan.Case("conv", (3, 3), 16, stride=2, channels=2, filters=5, cells_in=64, cells_out=16)
# 1x1: 32 in, a kernel of 10, 80 out
POINTWISE = plan.Case("conv", (1, 1), 16, channels=2, filters=5, cells_in=16, cells_out=16)
BY_HAND = {
    ("loop", "conv"): (1440, 202 + 2 * 80 + 288),
    ("loop", "input_grad"): (1440, 202 + 2 * 32 + 2 * 90 + 288),
    ("loop", "kernel_grad"): (1440, 202 + 2 * 90 + 288),
    ("loop_compiled", "conv"): (1440, 2 * 202 + 288),
    ("loop_compiled", "input_grad"): (1440, 2 * 202 + 2 * 90 + 720),
    ("loop_compiled", "kernel_grad"): (1440, 2 * 202 + 288),
    ("matmul", "conv"): (1440, 202 + 3 * 288),
    ("matmul", "input_grad"): (1440, 202 + 2 * 90 + 3 * 720),
    ("matmul", "kernel_grad"): (1440, 202 + 3 * 288),
    ("unrolled", "conv"): (1440, 2 * 202 + 2 * 80 + 2 * 90),
    ("unrolled", "input_grad"): (1440, 2 * 202 + 2 * 32 + 2 * 90),
    ("unrolled", "kernel_grad"): (1440, 2 * 202 + 2 * 90 + 2 * 90),
}
STRIDED_BY_HAND = {
    ("loop", "input_grad"): (1440, 298 + 2 * 128 + 2 * 90 + 288),
    ("loop_compiled", "input_grad"): (5760, 2 * 298 + 2880),
    ("matmul", "input_grad"): (5760, 298 + 2 * 90 + 3 * 2880),
    ("matmul", "conv"): (1440, 298 + 3 * 288),
}
POINTWISE_BY_HAND = {("matmul", function): (160, 122) for function in FUNCTIONS} | {("loop", "conv"): (160, 122 + 160)}


@pytest.mark.parametrize("case, counts", [(PLAIN, BY_HAND), (STRIDED, STRIDED_BY_HAND), (POINTWISE, POINTWISE_BY_HAND)])
def test_counts(case, counts):
    assert {asked: plan_cost.work(*asked, case) for asked in counts} == {a: Work(*c) for a, c in counts.items()}


def test_every_lowering_that_is_weighed_can_be_counted_and_run():
    weighed = {name for names in machine.LOWERINGS.values() for name in names}
    assert weighed == set(plan_cost.FORMULAS) and weighed <= set(plan.LOWERINGS["conv"])


def test_seconds():
    on = machine.Machine({"cpu": {"loop": {"multiply_add": 1e-3, "byte": 1e-6, "sample": 10.0}}})
    assert plan_cost.estimate("cpu", "loop", "conv", PLAIN, on) == pytest.approx(1.44 + 4 * 650e-6 + 10)


def test_unknown_sizes_are_those_of_a_map_of_32_by_32_cells():
    known = plan.Case("conv", (3, 3), None, channels=2, filters=5, cells_in=1024, cells_out=1024)
    unknown = plan.Case("conv", (3, 3), None, channels=2, filters=5)
    assert plan_cost.work("matmul", "conv", unknown) == plan_cost.work("matmul", "conv", known)
    strided = plan.Case("conv", (3, 3), 16, stride=2, channels=2, filters=5)
    assert plan_cost.work("matmul", "input_grad", strided) == plan_cost.work("matmul", "input_grad", STRIDED)


def test_each_function_is_weighed_by_itself():
    """Of bytes alone the loop takes 650, 734, 670 where matmul takes 1066, 2542, 1066; at 1x1 matmul copies nothing."""
    assert plan_cost.least("cpu", PLAIN, paces(byte=1)) == ("loop",) * 3
    assert plan_cost.least("cpu", PLAIN, paces(byte=1, slow=["loop"])) == ("matmul",) * 3
    assert plan_cost.least("cpu", POINTWISE, paces(byte=1)) == ("matmul",) * 3
    large = plan.Case("conv", (3, 3), 16, channels=40, filters=8, cells_in=16, cells_out=16)
    assert plan_cost.least("cpu_xla", large, paces(byte=1)) == ("loop_compiled", "matmul", "loop_compiled")


LOOP, COMPILED, MATMUL = ("loop",) * 3, ("loop_compiled",) * 3, ("matmul",) * 3
CHOICES = {
    "32,28,64,64,3": (LOOP, COMPILED),
    "32,14,128,128,3": (LOOP, COMPILED),
    "32,56,32,32,3": (LOOP, COMPILED),
    "32,14,192,192,1": (MATMUL, MATMUL),
    "32,7,256,256,3": (("loop", "loop", "matmul"), ("matmul", "loop_compiled", "matmul")),
    "32,28,64,128,3 stride 2": (LOOP, COMPILED),
    "32,28,96 depthwise 3": (LOOP, MATMUL),
}


@pytest.mark.parametrize("shape", shapes.TRAINING, ids=str)
def test_choices_for_the_shapes_of_the_tables(shape, monkeypatch):
    """With the paces that come with the package."""
    monkeypatch.setattr(machine, "current", lambda: machine.read(machine.SHIPPED, "test"))
    cells_in = shape.size**2
    cells_out = math.ceil(shape.size / shape.strides) ** 2
    case = plan.Case(
        "depthwise" if shape.depthwise else "conv",
        (shape.kernel,) * 2,
        cells_out,
        stride=shape.strides,
        channels=shape.channels,
        filters=shape.filters,
        cells_in=cells_in,
        cells_out=cells_out,
    )
    found = []
    for place in ("cpu", "cpu_xla"):
        name = plan.rule_for(place, case)
        found.append(plan_cost.least(place, case) if name == plan.LEAST else (name,) * 3)
    assert tuple(found) == CHOICES[str(shape)]


def test_a_1x1_input_gradient_copies_no_kernel():
    """The product reads it turned: nothing is reversed or transposed."""

    @tf.function(input_signature=[tf.TensorSpec([None, 4, 5, 6]), tf.TensorSpec([None, 1, 1, 6, 3])])
    def gradient(x, k):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = per_sample_conv(x, k, lowering="matmul")
        return tape.gradient(y, x)

    kinds = {op.type for op in gradient.get_concrete_function().graph.get_operations()}
    assert "BatchMatMulV2" in kinds and not {"Transpose", "ReverseV2"} & kinds
