"""As many groups as channels: a depthwise convolution, and computed as one where TensorFlow has it."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from tests.modes import in_mode
from tests.ops import test_second_derivatives
from tests.ops.cases import Case
from tests.ops.test_against_the_definition import LOWERINGS, check
from tests.oracles import Convolution
from tfdynconv.ops import attention_conv, mixture_conv, per_sample_conv, per_sample_depthwise_conv, place, plan

COMMON = {
    "kind": "conv",
    "batch": 2,
    "channels": 1,
    "strides": 1,
    "dilations": 1,
    "padding": "same",
    "dtype": "float64",
}
COMMON |= {"data_format": "channels_last", "known_batch": False, "known_size": False, "groups": 3, "filters": 2}
SERVED = {
    "2d": {"size": (4, 5), "kernel_size": (3, 2)},
    "2d_one_filter": {"size": (4, 5), "kernel_size": (3, 2), "filters": 1},
    "2d_stride": {"size": (5, 6), "kernel_size": (2, 3), "strides": 2, "filters": 3, "padding": ((2, 0), (1, 3))},
    "2d_dilated": {"size": (5, 6), "kernel_size": (3, 2), "dilations": (1, 2), "data_format": "channels_first"},
    "1d_stride": {"size": (8,), "kernel_size": (3,), "strides": 2},
    "1d_causal_dilated": {"size": (7,), "kernel_size": (2,), "dilations": 3, "padding": "causal", "known_size": True},
}
NOT_SERVED = {
    "2d_unequal_strides": {"size": (6, 5), "kernel_size": (3, 3), "strides": (1, 2)},
    "3d": {"size": (3, 3, 2), "kernel_size": (2, 1, 2)},
    "one_group": {"size": (4, 5), "kernel_size": (3, 3), "groups": 1},
    "two_channels_a_group": {"size": (4, 5), "kernel_size": (3, 3), "channels": 2},
}
CASES = {name: Case(seed=i, **{**COMMON, **own}) for i, (name, own) in enumerate({**SERVED, **NOT_SERVED}.items())}
DEPTHWISE = {name: CASES[name] for name in SERVED}


class Recorder:
    """Stands in for a lowering and writes down that it ran."""

    def __init__(self, kind, name, lowering, ran):
        self.kind, self.name, self.lowering, self.ran = kind, name, lowering, ran

    def conv(self, *arguments):
        self.ran.append((self.kind, self.name))
        return self.lowering.conv(*arguments)


@pytest.fixture
def ran(monkeypatch):
    """(kind, name) of each lowering that runs."""
    seen = []
    for kind, table in plan.LOWERINGS.items():
        for name, lowering in list(table.items()):
            monkeypatch.setitem(table, name, Recorder(kind, name, lowering, seen))
    return seen


def convolve(case, mode="eager", **more):
    x, k, _ = (case.tensor(values) for values in case.numbers())
    in_mode(lambda x, k: per_sample_conv(x, k, **case.arguments(), **more), mode, case.specs(x, k))(x, k)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_by_the_definition(case, mode):
    """Outputs and both gradients."""
    check(case, "auto", mode)


@pytest.mark.parametrize("lowering", LOWERINGS[1:])
@pytest.mark.parametrize("case", DEPTHWISE.values(), ids=DEPTHWISE)
def test_forced_lowerings_by_the_definition(case, lowering):
    check(case, lowering, "eager")


@pytest.mark.parametrize("lowering", ["auto", "loop", "grouped", "matmul"])
@pytest.mark.parametrize("case", DEPTHWISE.values(), ids=DEPTHWISE)
def test_second_derivatives_of(case, lowering):
    test_second_derivatives.check(case, lowering, "eager")


@pytest.mark.parametrize("case", DEPTHWISE.values(), ids=DEPTHWISE)
def test_the_plan_sees_a_depthwise_convolution(case, ran):
    for mode in ("eager", "jit"):
        convolve(case, mode)
    with place.exporting("tflite"):
        convolve(case, "graph")
    assert ran == [("depthwise", "loop"), ("depthwise", "matmul"), ("depthwise", "grouped")]


@pytest.mark.parametrize("name", NOT_SERVED)
def test_the_others_stay_ordinary(name, ran):
    convolve(CASES[name])
    assert [kind for kind, _ in ran] == ["conv"]


@pytest.mark.parametrize("name", LOWERINGS[1:])
@pytest.mark.parametrize("by", ["argument", "scope"])
def test_a_forced_lowering_is_the_depthwise_one_of_that_name(name, by, ran):
    with tfdynconv.lowering(name if by == "scope" else "auto"):
        convolve(CASES["2d"], lowering=name if by == "argument" else "auto")
    assert ran == [("depthwise", name)]


@pytest.mark.parametrize("multiplier", [1, 2, 3])
def test_filters_are_in_the_order_of_tensorflows_depthwise_convolution(multiplier):
    """Filter `i` of group `g` is output channel `g m + i`, one after the other as in the kernel."""
    generator = np.random.default_rng(0)
    x, k = generator.normal(size=(2, 5, 4, 3)), generator.normal(size=(2, 3, 3, 1, 3 * multiplier))
    y = per_sample_conv(x, k, padding="same", groups=3).numpy()
    apart = np.empty([2, 3, 3, 3, multiplier])
    for g, i in itertools.product(range(3), range(multiplier)):
        apart[..., g, i] = k[..., 0, g * multiplier + i]
    static = [tf.nn.depthwise_conv2d(x[b : b + 1], apart[b], [1, 1, 1, 1], "SAME")[0] for b in range(2)]
    np.testing.assert_allclose(y, static, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(per_sample_depthwise_conv(x, apart, padding="same"), static, rtol=1e-12, atol=1e-12)


X = tf.constant(np.random.default_rng(1).normal(size=(2, 6, 5, 4)))
BANK = tf.constant(np.random.default_rng(2).normal(size=(3, 3, 3, 1, 8)))
A = tf.constant(np.random.default_rng(3).uniform(size=(2, 3)))
PER_FILTER = tf.constant(np.random.default_rng(4).uniform(size=(2, 3, 8)))
WINDOW = {"padding": "same", "groups": 4}


def test_mixed_banks_run_as_one(ran):
    attentions = {"kernel": A, "spatial": tf.ones([2, 9], tf.float64)}
    mixture_conv(X, BANK, A, **WINDOW)
    attention_conv(X, BANK, attentions, **WINDOW)
    attention_conv(X, BANK, {"kernel": A}, **WINDOW)
    assert ran == [("depthwise", "loop")] * 3


@pytest.mark.parametrize(
    "layer",
    [
        tfdynconv.CondConv2D(8, 3, groups=4, num_experts=2),
        tfdynconv.DynamicConv1D(4, 3, groups=4),
        tfdynconv.ODConv2D(4, 3, groups=4),
        tfdynconv.DyNetConv2D(4, 3, groups=4, group_size=2, mixing="kernels"),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_layers_run_as_one(layer, ran):
    layer(tf.ones([2, *[6] * layer.rank, 4]))
    assert set(ran) == {("depthwise", "loop")}


def kinds(function, *arguments):
    graph = tf.function(function, autograph=False).get_concrete_function(*arguments).graph
    return [op.type for op in graph.get_operations()]


@pytest.mark.parametrize("rank", [1, 2])
def test_a_static_kernel_is_one_depthwise_convolution(rank):
    """ODConv without kernel and spatial attention; four convolutions otherwise."""
    x, kernel = (X, BANK[:1]) if rank == 2 else (X[:, 0], BANK[:1, 0])
    gates = {"channel": tf.ones([2, 4], tf.float64)}
    strides = {"strides": 2}
    seen = kinds(lambda x, k: attention_conv(x, k, gates, **WINDOW, **strides), x, kernel)
    assert seen.count("DepthwiseConv2dNative") == 1 and "Conv2D" not in seen
    size, taps = tuple(x.shape[1:-1]), tuple(kernel.shape[1:-2])
    oracle = Convolution(size, taps, (2,) * rank, padding="same", groups=4)
    wanted = oracle.forward(x.numpy(), np.broadcast_to(kernel, [2, *kernel.shape[1:]]))
    np.testing.assert_allclose(attention_conv(x, kernel, gates, **WINDOW, **strides), wanted, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("coefficients", [A, PER_FILTER], ids=["one each", "per filter"])
def test_a_whole_bank_is_one_depthwise_convolution(coefficients):
    features = {**WINDOW, "lowering": "features"}
    seen = kinds(lambda *arguments: mixture_conv(*arguments, **features), X, BANK, coefficients)
    assert seen.count("DepthwiseConv2dNative") == 1 and "Conv2D" not in seen
    each = coefficients if coefficients.shape.rank == 3 else np.repeat(A.numpy()[:, :, None], 8, 2)
    kernels = np.einsum("bnf,nhwcf->bhwcf", each, BANK)
    wanted = Convolution((6, 5), (3, 3), padding="same", groups=4).forward(X.numpy(), kernels)
    np.testing.assert_allclose(mixture_conv(X, BANK, coefficients, **features), wanted, rtol=1e-11, atol=1e-12)
