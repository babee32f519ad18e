"""The plan: every place has a rule for every request, the table's choice is what runs, and an override wins."""

import itertools

import pytest
import tensorflow as tf

import tfdynconv
from tests.modes import in_mode
from tfdynconv.ops import (
    mixture_conv,
    per_sample_conv,
    per_sample_conv_transpose,
    per_sample_depthwise_conv,
    place,
    plan,
)
from tfdynconv.ops.geometry import ConvGeometry
from tfdynconv.ops.lowerings.taps import Taps
from tfdynconv.ops.place import ByDevice

KERNELS = [(1, 1), (3, 3), (1,), (2, 3), (1, 1, 1), (3, 3, 3)]
PIXELS = (None, 1, 10_000)
MANY = tf.ones([2, 11, 10, 4])  # 9 x 8 output cells behind K
X, K, WIDE = tf.ones([2, 6, 6, 4]), tf.ones([2, 3, 3, 4, 6]), tf.ones([2, 3, 3, 4, 1])


@pytest.mark.parametrize("where", place.PLACES)
@pytest.mark.parametrize("kind", plan.LOWERINGS)
def test_a_rule_for_everything(where, kind):
    for kernel_size in KERNELS if kind == "conv" else KERNELS[:2]:
        for is_dilated in (False, True):
            for pixels in PIXELS:
                name = plan.rule_for(where, plan.Case(kind, kernel_size, pixels, is_dilated))
                assert name in plan.LOWERINGS[kind]


def test_a_place_without_rules():
    with pytest.raises(ValueError, match="tfdynconv plan: no rule for 'moon' and Case"):
        plan.rule_for("moon", plan.Case("conv", (3, 3), None))


def test_every_rule_says_why_and_can_be_reached():
    reached = set()
    for where in place.PLACES:
        for kind in plan.LOWERINGS:
            for kernel_size in KERNELS:
                for is_dilated, pixels in itertools.product((False, True), PIXELS):
                    case = plan.Case(kind, kernel_size, pixels, is_dilated)
                    rule = next(r for r in plan.RULES if r[:2] == (where, kind) and r[2](case))
                    reached.add(rule[:2] + rule[3:])
    assert reached == {rule[:2] + rule[3:] for rule in plan.RULES}
    assert all(rule[4] for rule in plan.RULES)


class Recorder:
    """Stands in for a lowering and writes down that it ran."""

    def __init__(self, name, lowering, ran):
        self.name, self.lowering, self.ran = name, lowering, ran

    def conv(self, *arguments):
        self.ran.append(self.name)
        return self.lowering.conv(*arguments)

    def input_grad(self, *arguments):
        self.ran.append(self.name)
        return self.lowering.input_grad(*arguments)

    def kernel_grad(self, *arguments):
        self.ran.append(self.name)
        return self.lowering.kernel_grad(*arguments)


@pytest.fixture
def ran(monkeypatch):
    names = []
    for table in plan.LOWERINGS.values():
        for name, lowering in list(table.items()):
            monkeypatch.setitem(table, name, Recorder(name, lowering, names))
    return names


def test_eagerly_on_a_cpu_it_loops(ran):
    per_sample_conv(X, K)
    assert ran == ["loop"]


def test_under_xla_it_takes_the_compiled_forms(ran):
    in_mode(lambda: per_sample_conv(MANY, K), "jit")()
    in_mode(lambda: per_sample_conv(MANY, K[:, :1, :1]), "jit")()
    in_mode(lambda: per_sample_depthwise_conv(MANY, WIDE), "jit")()
    assert ran == ["loop_compiled", "matmul", "matmul"]


def test_a_plain_graph_holds_both_branches(ran):
    in_mode(lambda: per_sample_conv(MANY, K), "graph")()
    assert ran == ["loop", "loop_compiled"]


def test_a_plain_graph_has_nothing_to_choose_where_all_places_compute_alike():
    traced = tf.function(per_sample_conv, autograph=False).get_concrete_function(
        tf.TensorSpec([None, 7, 5, 3]), tf.TensorSpec([None, 1, 1, 3, 4])
    )
    assert "DeviceIndex" not in {op.type for op in traced.graph.get_operations()}


FEW_OR_NOT = [
    ("cpu_xla", 49, {}, "matmul"),
    ("cpu_xla", 64, {"stride": 2}, "matmul"),
    ("cpu_xla", 64, {"kernel_size": (3, 3, 3), "is_dilated": True}, "matmul"),
    ("cpu_xla", 65, {}, "loop_compiled"),
    ("cpu_xla", 49, {"stride": 3}, "loop_compiled"),
    ("cpu_xla", None, {}, "loop_compiled"),
    ("cpu", 49, {}, "loop"),
    ("cpu", None, {"kernel_size": (1, 1)}, "matmul"),
    ("cpu", None, {"kernel_size": (1, 1), "stride": 2}, "loop"),
    ("cpu", None, {"kernel_size": (1, 1), "is_narrow": True}, "loop"),
    ("cpu", 4096, {"kernel_size": (3, 3, 3), "stride": 2}, "matmul"),
    ("cpu", 4097, {"kernel_size": (3, 3, 3)}, "loop"),
    ("cpu", 8, {"kernel_size": (3, 3, 3), "stride": 3}, "loop"),
    ("cpu", None, {"kernel_size": (3, 3, 3)}, "loop"),
    ("gpu", 49, {}, "grouped_native"),
    ("tpu", 49, {}, "grouped_tpu"),
    ("tpu", 256, {"kernel_size": (1, 1)}, "matmul"),
    ("tpu", 257, {"kernel_size": (1, 1)}, "grouped_tpu"),
    ("tpu", None, {"kernel_size": (1, 1)}, "grouped_tpu"),
]


@pytest.mark.parametrize("where, pixels, more, name", FEW_OR_NOT, ids=str)
def test_few_pixels_are_multiplied_as_matrices_by_xla_on_a_cpu(where, pixels, more, name):
    assert plan.rule_for(where, plan.Case(**{"kind": "conv", "kernel_size": (3, 3), "pixels": pixels, **more})) == name


SIZES = {
    "64 cells": ((8, 8), {}, "matmul"),
    "72 cells": ((9, 8), {}, "loop_compiled"),
    "unknown": ((None, 8), {}, "loop_compiled"),
    "18 cells of 132": ((12, 11), {"strides": (4, 2)}, "loop_compiled"),
    "30 cells of 90": ((10, 9), {"strides": (2, 2)}, "matmul"),
}


@pytest.mark.parametrize("size, window, name", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("groups", [1, 2])
def test_output_pixels_are_counted(size, window, name, groups, ran):
    """Of one sample and whatever the groups."""
    specs = [tf.TensorSpec([None, *size, 4]), tf.TensorSpec([None, 3, 3, 4 // groups, 6])]
    run = in_mode(lambda x, k: per_sample_conv(x, k, padding="same", groups=groups, **window), "jit", specs)
    run.get_concrete_function()
    assert ran == [name]


@pytest.mark.parametrize("strides, name", [(1, "matmul"), (2, "loop_compiled")])
def test_a_transposed_convolution_counts_what_it_puts_out(strides, name, ran):
    run = in_mode(lambda x, k: per_sample_conv_transpose(x, k, strides, "same"), "jit")
    run.get_concrete_function(tf.TensorSpec([2, 5, 5, 4]), tf.TensorSpec([2, 3, 3, 6, 4]))
    assert ran == [name]


@pytest.mark.parametrize("size", [(9, 8), (None, 7)])
def test_large_kernels_mixed_in_chunks_follow_the_same_rule(size, ran):
    specs = [tf.TensorSpec([None, *size, 256]), tf.TensorSpec([2, 3, 3, 256, 256]), tf.TensorSpec([None, 2])]
    for mode, names in (("jit", {"loop_compiled"}), ("graph", {"loop", "loop_compiled"})):
        ran.clear()
        run = in_mode(lambda *arguments: mixture_conv(*arguments, padding="same"), mode, specs)
        run.get_concrete_function()
        assert set(ran) == names


@pytest.mark.parametrize(
    "size, filters, dtype, form",
    [
        ((7, 7), 256, "float32", Taps),
        ((7, 7), 256, "float16", ByDevice),
        ((14, 14), 256, "float32", ByDevice),
        ((14, 14), 512, "float32", Taps),
        ((7, 7), 64, "float32", type(None)),
    ],
)
def test_large_kernels_at_few_pixels_or_in_a_large_bank_are_mixed_by_taps(size, filters, dtype, form):
    with tf.Graph().as_default():
        bank = tf.zeros([2, 3, 3, filters, filters], dtype)
        x = tf.compat.v1.placeholder(dtype, [None, *size, filters])
        geometry = ConvGeometry((1, 1), (1, 1), "SAME")
        assert type(plan.choose_chunks("auto", x, bank, geometry, 1)) is form


def test_for_a_phone_it_multiplies_matrices(ran):
    with place.exporting("tflite"):
        in_mode(lambda: per_sample_conv(X, K), "graph")()
        in_mode(lambda: per_sample_depthwise_conv(X, WIDE), "graph")()
    assert ran == ["rows", "grouped"]


@pytest.mark.parametrize("name", ["loop", "grouped", "matmul", "vectorized"])
def test_the_scope_overrules_the_table(name, ran):
    with tfdynconv.lowering(name):
        per_sample_conv(X, K)
    per_sample_conv(X, K)
    assert ran == [name, "loop"]


def test_the_argument_overrules_the_scope(ran):
    with tfdynconv.lowering("grouped"):
        per_sample_conv(X, K, lowering="matmul")
    assert ran == ["matmul"]


def test_scopes_nest_and_end_with_an_error(ran):
    with pytest.raises(KeyError):
        with tfdynconv.lowering("grouped"):
            with tfdynconv.lowering("matmul"):
                per_sample_conv(X, K)
            per_sample_conv(X, K)
            raise KeyError
    per_sample_conv(X, K)
    assert ran == ["matmul", "grouped", "loop"]


def test_the_scope_reaches_layers(ran):
    with tfdynconv.lowering("grouped"):
        tfdynconv.CondConv2D(3, 3)(X)
    tfdynconv.CondConv2D(3, 3, lowering="matmul")(X)
    assert ran == ["grouped", "matmul"]
