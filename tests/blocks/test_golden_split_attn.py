"""Split attention and selective kernels against timm's modules: outputs, every gradient, running statistics.

What differs from our defaults, and by which arguments it is reproduced: the padding is a number; timm's normalisation is off
unless asked for (`use_norm`), and its `rd_channels` are those of one branch of the radix; its selective kernels split the input
(`split_input`) and have no least width (`min_hidden`).
"""

import functools

import numpy as np
import pytest

from tests import golden
from tests.blocks.golden_blocks import loaded, reproduces
from tfdynconv import blocks

load = functools.partial(golden.load, "split_attn")
CASES = [load(name) for name in golden.files("split_attn")]
EVERY = pytest.mark.parametrize("case", CASES, ids=str)


def split_attention(case, **changes):
    args = case.args
    size, radix, width = args.get("kernel_size", 3), args.get("radix", 2), args.get("rd_channels")
    return blocks.SplitAttentionConv2D(
        args["out_channels"],
        size,
        **{
            "strides": args.get("stride", 1),
            "padding": args.get("padding", size // 2),
            "dilation_rate": args.get("dilation", 1),
            "groups": args.get("groups", 1),
            "use_bias": args.get("bias", False),
            "radix": radix,
            "hidden_units": width and width * radix,
            "use_norm": args["norm_layer"] is not None,
            "dtype": "float64",
            **changes,
        },
    )


def selective_kernel(case, **changes):
    args = case.args
    sizes = args.get("kernel_size", [3, 5])
    return blocks.SKConv2D(
        args["out_channels"],
        sizes,
        **{
            "strides": args.get("stride", 1),
            "padding": max(sizes) // 2,
            "groups": args.get("groups", 1),
            "dilated": args.get("keep_3x3", True),
            "split_input": args.get("split_input", True),
            "hidden_units": args["rd_channels"],
            "dtype": "float64",
            **changes,
        },
    )


def made(case, **changes):
    return (split_attention if case.name.startswith("sa_") else selective_kernel)(case, **changes)


@EVERY
def test_outputs_and_gradients(case, mode):
    reproduces(made(case), case, mode)


@EVERY
def test_channels_first(case):
    reproduces(made(case, data_format="channels_first"), case, "eager")


@pytest.mark.parametrize("case", [c for c in CASES if c.args.get("stride", 1) == 1], ids=str)
def test_same_padding_is_the_same_at_stride_1(case):
    reproduces(made(case, padding="same"), case, "eager")


def test_same_padding_is_another_at_stride_2():
    case = load("sk_nosplit_real5_s2_eval")
    block = made(case, padding="same")
    outputs = golden.channels_first(block(loaded(block, case)))
    assert outputs.shape == case["out"].shape
    assert np.abs(outputs - case["out"]).max() > 0.1


def test_every_file_is_used():
    assert sorted(map(str, CASES)) == sorted(golden.index("split_attn"))
    assert len(CASES) == 12
