"""ACBlock2D against the authors' `ACBlock`: outputs, every gradient, and the folded convolution.

What differs from our defaults: the padding is a number. A final normalisation, which an older copy has (`lastbn_train`), is
one more layer behind our block.
"""

import functools

import keras
import numpy as np
import pytest

from tests import golden
from tests.blocks import folding
from tfdynconv.blocks import ACBlock2D

load = functools.partial(golden.load, "asymmetric")
CASES = [load(name) for name in golden.files("asymmetric")]
EVERY = pytest.mark.parametrize("case", CASES, ids=str)
FOLDED = [case for case in CASES if "fold/kernel" in case.arrays]
THEIRS = ("square", "ver", "hor")


def loaded(case, **changes):
    """(the block and what comes behind it, convolutions, normalisations)."""
    args = case.args
    block = ACBlock2D(
        args["out_channels"],
        args["kernel_size"],
        **{
            "strides": args.get("stride", 1),
            "padding": args.get("padding", 0),
            "groups": args.get("groups", 1),
            "dtype": "float64",
            **changes,
        },
    )
    block.build((None, None, None, args["in_channels"]))
    convs = {f"{name}_conv": branch for name, branch in zip(THEIRS, block.branches)}
    norms = {f"{name}_bn": branch.norm for name, branch in zip(THEIRS, block.branches)}
    layers = [block]
    if args.get("use_last_bn"):
        norms["last_bn"] = block.norm((None, None, None, block.filters), "last")
        layers.append(norms["last_bn"])
    folding.load(case, convs, norms)
    return layers, convs, norms


def run(layers, training):
    def function(x):
        for layer in layers:
            x = layer(x, training=training)
        return x

    return function


@EVERY
def test_outputs_and_gradients(case, mode):
    layers, convs, norms = loaded(case)
    folding.reproduces(case, run(layers, case.meta["mode"] == "train"), convs, norms, mode)


@pytest.mark.parametrize("case", [c for c in CASES if c.meta["mode"] == "train"], ids=str)
def test_running_statistics(case):
    """The mean as there; of the variance Keras keeps the batch's own, PyTorch the unbiased estimate."""
    layers, _, norms = loaded(case)
    run(layers, True)(golden.channels_last(case["in/x"]))
    n = np.prod(case["out"].shape) // case["out"].shape[1]
    missing = folding.unbiased(case, dict.fromkeys(norms, n))
    for name, norm in norms.items():
        case.expect(f"buffer_after/{name}.running_mean", norm.moving_mean, **folding.MOVED)
        case.expect(f"buffer_after/{name}.running_var", norm.moving_variance + 0.1 * missing[name], **folding.MOVED)


@pytest.mark.parametrize("case", FOLDED, ids=str)
def test_the_folded_convolution(case):
    """Their kernel, their bias, and the outputs; a depthwise one where theirs is."""
    layers, *_ = loaded(case)
    folded = layers[0].folded()
    case.expect("fold/kernel", folding.torch_kernel(folded["kernel"]))
    case.expect("fold/bias", folded["bias"])
    conv = layers[0].fold()
    case.expect("fold/out", golden.channels_first(conv(golden.channels_last(case["in/x"]))))
    depthwise = isinstance(getattr(conv, "layers", [conv])[-1], keras.layers.DepthwiseConv2D)
    assert depthwise == (case.args.get("groups") == case.args["in_channels"])


def test_same_padding_is_another_at_stride_2():
    """On 9 x 8 "same" pads the columns by (0, 1), PyTorch by (1, 1)."""
    case = load("k3_s2_odd_eval")
    layers, *_ = loaded(case, padding="same")
    outputs = golden.channels_first(layers[0](golden.channels_last(case["in/x"])))
    assert outputs.shape == case["out"].shape
    assert np.abs(outputs - case["out"]).max() > 0.1


def test_every_file_is_used():
    assert sorted(map(str, CASES)) == sorted(golden.index("asymmetric"))
    assert len(CASES) == 8 and len(FOLDED) == 5
