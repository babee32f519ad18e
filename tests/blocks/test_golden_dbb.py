"""DiverseBranchBlock2D against the authors' `DiverseBranchBlock`: outputs, every gradient, and the folded convolution.

What differs from our defaults: the padding is a number. In training the border behind an inner normalisation is made of the
moving variance, for which Keras takes the batch's own variance and PyTorch the unbiased one: the tests start from a moving
variance that makes up for it.
"""

import functools

import numpy as np
import pytest

from tests import golden
from tests.blocks import folding
from tfdynconv.blocks import DiverseBranchBlock2D
from tfdynconv.blocks.dbb_branches import Chained

load = functools.partial(golden.load, "dbb")
CASES = [load(name) for name in golden.files("dbb")]
EVERY = pytest.mark.parametrize("case", CASES, ids=str)
FOLDED = [case for case in CASES if "fold/kernel" in case.arrays]


def parts(block):
    """(convolutions, normalisations, normalisations before a border), each {their name: our layer}."""
    origin, *pointwise, mean, stacked = block.branches
    convs = {"dbb_origin.conv": origin, "dbb_1x1_kxk.conv2": stacked.after}
    convs["dbb_1x1_kxk.idconv1" if stacked.before.identity else "dbb_1x1_kxk.conv1"] = stacked.before
    norms = {"dbb_origin.bn": origin.norm, "dbb_1x1_kxk.bn2": stacked.after.norm}
    inner = {"dbb_1x1_kxk.bn1.bn": stacked.before.norm}
    if isinstance(mean, Chained):
        convs["dbb_avg.conv"] = mean.before
        inner["dbb_avg.bn.bn"] = mean.before.norm
        mean = mean.after
    norms["dbb_avg.avgbn"] = mean.norm
    for branch in pointwise:
        convs["dbb_1x1.conv"], norms["dbb_1x1.bn"] = branch, branch.norm
    return convs, norms, inner


def loaded(case, **changes):
    args = case.args
    block = DiverseBranchBlock2D(
        args["out_channels"],
        args["kernel_size"],
        **{
            "strides": args.get("stride", 1),
            "padding": args.get("padding", 0),
            "groups": args.get("groups", 1),
            "internal_channels": args.get("internal_channels_1x1_3x3"),
            "dtype": "float64",
            **changes,
        },
    )
    block.build((None, None, None, args["in_channels"]))
    convs, norms, inner = parts(block)
    folding.load(case, convs, {**norms, **inner})
    return block, convs, norms, inner


def cells(case, norms):
    """How many numbers each inner normalisation sees of a channel: it stands before the window."""
    batch, _, height, width = case["in/x"].shape
    return dict.fromkeys(norms, batch * height * width)


@EVERY
def test_outputs_and_gradients(case, mode):
    block, convs, norms, inner = loaded(case)
    training = case.meta["mode"] == "train"
    if training:
        for name, missing in folding.unbiased(case, cells(case, inner)).items():
            inner[name].moving_variance.assign_add(0.1 / 0.9 * missing)
    tolerance = folding.MOVED if training else {}  # the border is made of what has moved
    folding.reproduces(case, lambda x: block(x, training=training), convs, {**norms, **inner}, mode, **tolerance)
    if training:
        for name, norm in inner.items():
            case.expect(f"buffer_after/{name}.running_var", norm.moving_variance, **folding.MOVED)


@pytest.mark.parametrize("case", FOLDED, ids=str)
def test_the_folded_convolution(case):
    block, *_ = loaded(case)
    folded = block.folded()
    case.expect("fold/kernel", folding.torch_kernel(folded["kernel"]))
    case.expect("fold/bias", folded["bias"])
    case.expect("fold/out", golden.channels_first(block.fold()(golden.channels_last(case["in/x"]))))


def test_same_padding_is_another_at_stride_2():
    case = load("k3_s2_odd_eval")
    block, *_ = loaded(case, padding="same")
    outputs = golden.channels_first(block(golden.channels_last(case["in/x"])))
    assert outputs.shape == case["out"].shape
    assert np.abs(outputs - case["out"]).max() > 0.1


def test_every_file_is_used():
    assert sorted(map(str, CASES)) == sorted(golden.index("dbb"))
    assert len(CASES) == 9 and len(FOLDED) == 6
