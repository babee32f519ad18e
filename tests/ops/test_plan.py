"""The plan: every place has a rule for every request, the table's choice is what runs, and an override wins."""

import itertools

import pytest
import tensorflow as tf

import tfdynconv
from tests.modes import in_mode
from tests.ops.paces import paces
from tfdynconv.ops import (
    machine,
    mixture_conv,
    per_sample_conv,
    per_sample_conv_transpose,
    per_sample_depthwise_conv,
    place,
    plan,
    plan_cost,
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
                assert name in (*plan.LOWERINGS[kind], plan.LEAST)


def test_a_place_without_rules():
    with pytest.raises(ValueError, match="tfdynconv plan: no rule for 'moon' and Case"):
        plan.rule_for("moon", plan.Case("conv", (3, 3), None))


def test_every_rule_says_why_and_can_be_reached():
    reached = set()
    for where, kind, kernel_size in itertools.product(place.PLACES, plan.LOWERINGS, KERNELS):
        for is_dilated, pixels, stride, narrow in itertools.product((False, True), PIXELS, (1, 2), (False, True)):
            case = plan.Case(kind, kernel_size, pixels, is_dilated, stride, narrow)
            reached.add(next(i for i, r in enumerate(plan.RULES) if r[:2] == (where, kind) and r[2](case)))
    assert reached == set(range(len(plan.RULES)))
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
    """The names of lowerings that ran, planned for a machine on which bytes alone take time."""
    names = []
    monkeypatch.setattr(machine, "current", lambda: paces(byte=1))
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


RULED = [
    ("cpu", 49, {}, plan.LEAST),
    ("cpu", 49, {"stride": 2}, "loop"),
    ("cpu", None, {"kernel_size": (1, 1), "is_narrow": True}, "loop"),
    ("cpu", 4096, {"kernel_size": (3, 3, 3), "stride": 2}, "matmul"),
    ("cpu", 4097, {"kernel_size": (3, 3, 3)}, "loop"),
    ("cpu", 8, {"kernel_size": (3, 3, 3), "stride": 3}, "loop"),
    ("cpu", None, {"kernel_size": (3, 3, 3)}, "loop"),
    ("cpu_xla", 49, {"stride": 2, "is_narrow": True}, plan.LEAST),
    ("cpu_xla", 64, {"kernel_size": (3, 3, 3), "is_dilated": True}, "matmul"),
    ("cpu_xla", 65, {"kernel_size": (3, 3, 3)}, "loop_compiled"),
    ("cpu_xla", 65, {"kernel_size": (1, 1, 1)}, "matmul"),
    ("gpu", 49, {}, "grouped_native"),
    ("tpu", 49, {}, "grouped_tpu"),
    ("tpu", 256, {"kernel_size": (1, 1)}, "matmul"),
    ("tpu", 257, {"kernel_size": (1, 1)}, "grouped_tpu"),
    ("tpu", None, {"kernel_size": (1, 1)}, "grouped_tpu"),
]


@pytest.mark.parametrize("where, pixels, more, name", RULED, ids=str)
def test_rules(where, pixels, more, name):
    assert plan.rule_for(where, plan.Case(**{"kind": "conv", "kernel_size": (3, 3), "pixels": pixels, **more})) == name


@pytest.fixture
def asked(monkeypatch):
    """The cases that the plan is asked about, and each function's lowering: the loop convolves, matmul has the gradients."""
    cases = []

    def least(where, case):
        cases.append(case)
        loop = next(iter(machine.LOWERINGS[where]))
        return loop, "matmul", "matmul"

    monkeypatch.setattr(plan_cost, "least", least)
    return cases


def sizes(case):
    return case.kernel_size, case.channels, case.filters, case.cells_in, case.cells_out, case.stride


SIZES = {
    "known": ((9, 8), {}, ((3, 3), 4, 6, 72, 72, 1)),
    "unknown": ((None, 8), {}, ((3, 3), 4, 6, None, None, 1)),
    "strides": ((12, 11), {"strides": (4, 2)}, ((3, 3), 4, 6, 132, 18, 4)),
}


@pytest.mark.parametrize("size, window, told", SIZES.values(), ids=SIZES)
def test_what_a_convolution_tells_the_plan(size, window, told, asked):
    specs = [tf.TensorSpec([None, *size, 4]), tf.TensorSpec([None, 3, 3, 4, 6])]
    run = in_mode(lambda x, k: per_sample_conv(x, k, padding="same", **window), "jit", specs)
    run.get_concrete_function()
    assert [sizes(case) for case in asked] == [told]


def test_groups_are_samples_of_fewer_channels(asked):
    in_mode(lambda x, k: per_sample_conv(x, k, groups=2), "jit")(X, tf.ones([2, 3, 3, 2, 6]))
    assert [sizes(case)[:3] for case in asked] == [((3, 3), 2, 3)]
    assert asked[0].pixels == 16


def test_a_transposed_convolution_tells_the_sizes_of_its_convolution(asked):
    """Which has as many filters as it has channels, and puts out what it takes in."""
    run = in_mode(lambda x, k: per_sample_conv_transpose(x, k, 2, "same"), "jit")
    run.get_concrete_function(tf.TensorSpec([2, 5, 5, 4]), tf.TensorSpec([2, 3, 3, 6, 4]))
    assert [(sizes(case), case.pixels) for case in asked] == [(((3, 3), 6, 4, 100, 25, 2), 100)]


def test_each_function_has_its_own_lowering(asked, ran):
    def gradients(x, k):
        with tf.GradientTape() as tape:
            tape.watch([x, k])
            y = per_sample_conv(x, k)
        return tape.gradient(y, [x, k])

    found = gradients(X, K)
    assert ran == ["loop", "matmul", "matmul"]
    with tfdynconv.lowering("loop"):
        for one, other in zip(found, gradients(X, K), strict=True):
            tf.debugging.assert_near(one, other)


@pytest.mark.parametrize("size", [(9, 8), (None, 7)])
def test_large_kernels_mixed_in_chunks_follow_the_same_estimates(size, ran, asked):
    specs = [tf.TensorSpec([None, *size, 256]), tf.TensorSpec([2, 3, 3, 256, 256]), tf.TensorSpec([None, 2])]
    for mode, names in (("jit", {"loop_compiled"}), ("graph", {"loop", "loop_compiled"})):
        ran.clear()
        run = in_mode(lambda *arguments: mixture_conv(*arguments, padding="same"), mode, specs)
        run.get_concrete_function()
        assert set(ran) == names
    cells = None if None in size else 72
    assert {sizes(case) for case in asked} == {((3, 3), 256, 256, cells, cells, 1)}


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


@pytest.mark.parametrize("name", ["loop", "grouped", "matmul", "unrolled", "vectorized"])
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
