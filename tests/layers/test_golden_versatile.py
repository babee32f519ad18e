"""Versatile filters against the authors' `VConv2d`: outputs and every gradient.

What differs from our defaults, and by which arguments it is reproduced:

- the padding is a number;
- its `delta` is the number of channels that a filter does not read (`channel_window` = channels - delta).
"""

import functools

import numpy as np
import pytest

import tfdynconv
from tests import golden

load = functools.partial(golden.load, "versatile")
CASES = [load(name) for name in golden.files("versatile")]
EVERY = pytest.mark.parametrize("case", CASES, ids=str)


def loaded(case, **changes):
    args = case.args
    delta = args.get("delta", 0)
    layer = tfdynconv.VersatileConv2D(
        args["out_channels"],
        args["kernel_size"],
        **{
            "strides": args.get("stride", 1),
            "padding": args.get("padding", 0),
            "groups": args.get("groups", 1),
            "channel_window": args["in_channels"] - delta if delta else None,
            "dtype": "float64",
            **changes,
        },
    )
    images = case["in/x"] if layer.data_format == "channels_first" else golden.channels_last(case["in/x"])
    layer.build((None, *images.shape[1:]))
    layer.load_torch_state(case.group("param"))
    return layer, images


def reproduces(case, mode, **changes):
    layer, images = loaded(case, **changes)
    first = layer.data_format == "channels_first"
    into, back = (np.asarray, np.asarray) if first else (golden.channels_last, golden.channels_first)
    outputs, (x, kernel, bias) = golden.outputs_and_gradients(
        layer, [images], into(case["R"]), lambda inputs: [*inputs, layer.kernel, layer.bias], mode
    )
    case.expect("out", back(outputs))
    kernel = golden.torch_bank(kernel[np.newaxis], case["param/weight"].shape)
    case.expect_gradients({"in/x": back(x), "param/weight": kernel, "param/bias": bias})


@EVERY
def test_outputs_and_gradients(case, mode):
    reproduces(case, mode)


@EVERY
def test_channels_first(case):
    """In the layout of the reference."""
    reproduces(case, "eager", data_format="channels_first")


@EVERY
def test_the_folded_convolution(case):
    layer, images = loaded(case)
    case.expect("out", golden.channels_first(layer.fold()(images)))


@pytest.mark.parametrize("name", ["k3_p1_delta1", "k1_delta2"])
def test_masked_channels_are_another_reading(name):
    """Of the same shapes, with other outputs wherever a filter is not at its first channels."""
    case = load(name)
    layer, images = loaded(case, channel_filter="masked")
    outputs = golden.channels_first(layer(images))
    assert outputs.shape == case["out"].shape
    count = layer.secondary.count(images.shape[-1])
    blocks = np.abs(outputs - case["out"]).reshape(len(images), count, -1).max((0, 2))
    runs = case.args["delta"] + 1
    assert [bool(error > 0.1) for error in blocks] == [j % runs > 0 for j in range(count)]


@pytest.mark.parametrize("name", ["k3_p1_s2_even", "k5_p2_s2"])
def test_same_padding_is_another_at_stride_2(name):
    case = load(name)
    layer, images = loaded(case, padding="same")
    outputs = golden.channels_first(layer(images))
    assert outputs.shape == case["out"].shape
    assert np.abs(outputs - case["out"]).max() > 0.1


def test_every_file_is_used():
    assert sorted(map(str, CASES)) == sorted(golden.index("versatile"))
    assert len(CASES) == 13
