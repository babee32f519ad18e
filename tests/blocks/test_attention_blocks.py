"""Blocks that weigh branches and channels against NumPy in float64: what the reference arrays do not reach."""

import numpy as np
import pytest

from tests.blocks import attention_oracles as oracles
from tests.blocks.golden_blocks import in_torch, names
from tfdynconv import blocks


def drawn(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def built(block, x, seed=1):
    """All weights and statistics drawn at random."""
    block.build((None, *x.shape[1:]))
    random = np.random.default_rng(seed)
    for weight in block.weights:
        value = random.normal(scale=0.5, size=tuple(weight.shape))
        weight.assign(1.0 + np.abs(value) if "variance" in weight.name else value)
    return block


def state_of(block):
    """The weights as a state dict of PyTorch."""

    def reference(weight):
        shape = tuple(weight.shape)
        order = {4: (3, 2, 0, 1), 2: (1, 0)}.get(len(shape), (0,))
        return in_torch(weight.numpy(), [shape[i] for i in order])

    return {name: reference(weight) for name, weight in names(block).items()}


def expect(block, x, wanted):
    np.testing.assert_allclose(block(x), wanted, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("gate", ["sigmoid", "hard_sigmoid"])
@pytest.mark.parametrize("channels", [16, 72])
def test_squeeze_excite(channels, gate):
    x = drawn((3, 5, 4, channels))
    block = blocks.SqueezeExcite(gate=gate, dtype="float64")
    state = state_of(built(block, x))
    assert len(state["fc1.weight"]) == 8
    expect(block, x, oracles.squeeze_excite(x, state, getattr(oracles, gate)))


SK = {
    "split": {"kernel_sizes": (3, 5), "split_input": True},
    "paper": {"kernel_sizes": (3, 5), "split_input": False},
    "stride, dilated": {"kernel_sizes": (3, 5), "strides": 2},
    "stride, dilated three times": {"kernel_sizes": (3, 7), "strides": 2},
    "stride of three, dilated twice": {"kernel_sizes": (3, 5, 9), "strides": 3},
    "full kernels": {"kernel_sizes": (1, 3, 5), "dilated": False, "split_input": True, "strides": 2},
    "groups, dilation": {"kernel_sizes": (3, 5), "groups": 2, "dilation_rate": 2},
}


@pytest.mark.parametrize("size", [(8, 9), (7, 10)], ids=str)
@pytest.mark.parametrize("case", SK)
def test_selective_kernels(case, size):
    x, arguments = drawn((2, *size, 12)), SK[case]
    padding = arguments.get("dilation_rate", 1) * (max(arguments["kernel_sizes"]) // 2)
    block = blocks.SKConv2D(6, padding=padding, hidden_units=4, dtype="float64", **arguments)
    state = state_of(built(block, x))
    renamed = {"kernel_sizes": "sizes", "dilation_rate": "dilation"}
    given = {renamed.get(name, name): value for name, value in arguments.items()}
    expect(block, x, oracles.selective_kernel(x, state, padding=padding, **{"split_input": False, **given}))


@pytest.mark.parametrize("radix, groups", [(1, 1), (2, 1), (1, 2), (2, 2), (4, 2), (3, 3)])
def test_split_attention(radix, groups):
    """The configurations of the survey: with two groups and radix 2 the order inside the softmax shows."""
    x = drawn((2, 8, 7, radix * groups * 2))
    block = blocks.SplitAttentionConv2D(6, strides=2, radix=radix, groups=groups, hidden_units=6, dtype="float64")
    state = state_of(built(block, x))
    expect(block, x, oracles.split_attention(x, state, radix, groups, strides=(2, 2), padding="same"))


@pytest.mark.parametrize("size", [(8, 7), (9, 6)], ids=str)
def test_pooling_in_the_place_of_strides(size):
    """3x3 means with zeros counted, before or behind everything."""
    x = drawn((2, *size, 4))
    for pooling in ("before", "after"):
        block = blocks.SplitAttentionConv2D(4, strides=2, pooling=pooling, dtype="float64")
        state = state_of(built(block, x))
        inside = oracles.mean_of_nine(x, 2) if pooling == "before" else x
        outputs = oracles.split_attention(inside, state, padding="same")
        expect(block, x, outputs if pooling == "before" else oracles.mean_of_nine(outputs, 2))


def test_pooling_counts_zeros():
    block = blocks.SplitAttentionConv2D(2, strides=2, pooling="before")
    ones = np.asarray(block.pool(np.ones([1, 4, 4, 1], "float32")))[0, :, :, 0]
    np.testing.assert_allclose(ones, [[4 / 9, 6 / 9], [6 / 9, 1.0]], rtol=1e-6)


@pytest.mark.parametrize("size", [(14, 14), (10, 10), (3, 9)], ids=str)
def test_self_calibration_on_sizes_that_do_not_divide(size):
    """14 pooled by 4 is 3, and back to 14; an image smaller than a cell of 4 has cells of its shorter side."""
    x = drawn((2, *size, 3))
    block = blocks.SCConv2D(4, strides=2, padding=1, split_input=False, dtype="float64")
    state = state_of(built(block, x))
    expect(block, x, oracles.self_calibrated(x, state, 4, strides=2))


def test_self_calibration_of_one_half():
    """The calibrated half first, as the paper's formula has it."""
    x = drawn((2, 7, 9, 6))
    block = blocks.SCConv2D(8, padding=1, pooling_size=2, activation="relu", dtype="float64")
    calibrated = blocks.SCConv2D(4, padding=1, pooling_size=2, split_input=False, dtype="float64")
    built(block, x)
    calibrated.build((None, 7, 9, 3))
    for name, part in calibrated.convs.items():
        part.set_weights(block.convs[name].get_weights())
    plain = block.convs["plain"]
    statistics = dict(zip(("bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"), plain.normalize.get_weights()))
    halves = (np.transpose(plain.conv.kernel.numpy(), (3, 2, 0, 1)), statistics)
    outputs = oracles.self_calibrated(x, state_of(calibrated), 2, plain=halves)
    expect(block, x, np.maximum(outputs, 0.0))


@pytest.mark.parametrize(
    "block, parameters, hidden",
    [
        (blocks.SqueezeExcite(), 1096, 8),
        (blocks.SKConv2D(64, split_input=True, min_hidden=8), 38672, 8),
        (blocks.SKConv2D(64, min_hidden=8), 75536, 8),
        (blocks.SplitAttentionConv2D(64), 43488, 32),
    ],
    ids=["se", "sk", "sk_whole_input", "split_attention"],
)
def test_timms_numbers_of_parameters(block, parameters, hidden):
    """At 64 channels; those that the block says, and those that it has."""
    block.build((None, 8, 8, 64))
    assert block.cost((None, 8, 8, 64))[0] == parameters
    assert sum(int(np.prod(weight.shape)) for weight in block.trainable_weights) == parameters
    attention = block.excitation if hasattr(block, "excitation") else block.attention
    assert attention.squeeze.units == hidden


@pytest.mark.parametrize(
    "divisor, channels, widths",
    [(8, (16, 64, 72, 176, 256), (8, 8, 8, 8, 16)), (None, (16, 64, 72, 256), (1, 4, 4, 16))],
    ids=["timm", "authors"],
)
def test_the_hidden_width_of_squeeze_excite(divisor, channels, widths):
    block = blocks.SqueezeExcite(divisor=divisor)
    assert tuple(block.attention(n).squeeze.units for n in channels) == widths


def test_the_hidden_width_of_split_attention():
    """A quarter of 200: timm has 48, the authors 50; and three groups want a width that they divide."""
    assert blocks.SplitAttentionConv2D(6).attention_width(100) == 48
    assert blocks.SplitAttentionConv2D(6, divisor=None).attention_width(100) == 50
    assert blocks.SplitAttentionConv2D(6, groups=3).attention_width(96) == 48
    assert blocks.SplitAttentionConv2D(6, groups=3, radix=1).attention_width(96) == 33
