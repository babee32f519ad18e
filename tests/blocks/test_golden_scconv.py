"""Self-calibrated convolution against the published class: outputs, every gradient, running means.

What differs from our defaults, and by which arguments it is reproduced: all channels are calibrated (`split_input=False`), the
padding is a number.
"""

import functools

import numpy as np
import pytest

from tests import golden
from tests.blocks.golden_blocks import loaded, reproduces
from tfdynconv import blocks

load = functools.partial(golden.load, "scconv")
CASES = [load(name) for name in golden.files("scconv")]
EVERY = pytest.mark.parametrize("case", CASES, ids=str)


def made(case, **changes):
    args = case.args
    return blocks.SCConv2D(
        args["planes"],
        **{
            "strides": args["stride"],
            "padding": args["padding"],
            "dilation_rate": args["dilation"],
            "groups": args["groups"],
            "pooling_size": args["pooling_r"],
            "split_input": False,
            "dtype": "float64",
            **changes,
        },
    )


@EVERY
def test_outputs_and_gradients(case, mode):
    reproduces(made(case), case, mode)


@EVERY
def test_channels_first(case):
    reproduces(made(case, data_format="channels_first"), case, "eager")


def test_same_padding_is_another_at_stride_2():
    case = load("r2_s2_train")
    block = made(case, padding="same")
    outputs = golden.channels_first(block(loaded(block, case), training=True))
    assert outputs.shape == case["out"].shape
    assert np.abs(outputs - case["out"]).max() > 0.1


def test_every_file_is_used():
    assert sorted(map(str, CASES)) == sorted(golden.index("scconv"))
    assert len(CASES) == 5
