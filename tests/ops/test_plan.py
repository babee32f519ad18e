"""The plan: every place has a rule for every request, the table's choice is what runs, and an override wins."""

import pytest
import tensorflow as tf

import tfdynconv
from tests.modes import in_mode
from tfdynconv.ops import per_sample_conv, per_sample_depthwise_conv, place, plan

KERNELS = [(1, 1), (3, 3), (1,), (2, 3), (1, 1, 1), (3, 3, 3)]
X, K, WIDE = tf.ones([2, 6, 6, 4]), tf.ones([2, 3, 3, 4, 6]), tf.ones([2, 3, 3, 4, 1])


@pytest.mark.parametrize("where", place.PLACES)
@pytest.mark.parametrize("kind", plan.LOWERINGS)
def test_a_rule_for_everything(where, kind):
    for kernel_size in KERNELS if kind == "conv" else KERNELS[:2]:
        for is_dilated in (False, True):
            for pixels in (None, 1, 10_000):
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
                for is_dilated in (False, True):
                    case = plan.Case(kind, kernel_size, None, is_dilated)
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
    in_mode(lambda: per_sample_conv(X, K), "jit")()
    in_mode(lambda: per_sample_conv(X, K[:, :1, :1]), "jit")()
    in_mode(lambda: per_sample_depthwise_conv(X, WIDE), "jit")()
    assert ran == ["loop_compiled", "matmul", "matmul"]


def test_a_plain_graph_holds_both_branches(ran):
    in_mode(lambda: per_sample_conv(X, K), "graph")()
    assert ran == ["loop", "loop_compiled"]


def test_for_a_phone_it_multiplies_matrices(ran):
    with place.exporting("tflite"):
        in_mode(lambda: per_sample_conv(X, K), "graph")()
        in_mode(lambda: per_sample_depthwise_conv(X, WIDE), "graph")()
    assert ran == ["matmul", "grouped"]


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
