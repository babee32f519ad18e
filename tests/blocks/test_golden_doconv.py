"""DOConv2D against the authors' `DOConv2d`: outputs and every gradient.

What differs from our defaults, and how it is reproduced:

- the padding is a number; reflection (`k3_reflect`) is a `tf.pad` in front of our layer;
- it takes `D_mul` for a 1x1 kernel and ignores it, where ours refuses one;
- it takes `D_mul` below the kernel's taps, where E is nought and the layer starts at nothing (`k3_dmul5_below`); ours refuses
  that, and holds the same kernel with the missing entries at zero and D less E;
- grouped, it pairs filter o with D of the channels `(o mod groups) C / groups + i`, by the order of a reshape, instead of
  o's own: that is composed here.
"""

import functools

import numpy as np
import pytest
import tensorflow as tf

from tests import golden
from tfdynconv.blocks import DOConv2D
from tfdynconv.ops.geometry import ConvGeometry
from tfdynconv.ops.static_conv import static_conv

load = functools.partial(golden.load, "doconv")
CASES = [load(name) for name in golden.files("doconv")]
PAIRED = ["k3_g2", "k3_depthwise_mult2"]
BELOW, REFLECTED = "k3_dmul5_below", "k3_reflect"
OURS = [case for case in CASES if str(case) not in (*PAIRED, BELOW)]


def made(case, **changes):
    args = case.args
    kernel_size = args["kernel_size"]
    layer = DOConv2D(
        args["out_channels"],
        kernel_size,
        **{
            "strides": args.get("stride", 1),
            "padding": 0 if "padding_mode" in args else args.get("padding", 0),
            "dilation_rate": args.get("dilation", 1),
            "groups": args.get("groups", 1),
            "use_bias": args.get("bias", True),
            "d_mul": None if kernel_size == 1 else args.get("D_mul"),
            "dtype": "float64",
            **changes,
        },
    )
    layer.build((None, None, None, args["in_channels"]))
    return layer


def padded(case, x):
    """In front of our layer, where the case reflects."""
    if "padding_mode" not in case.args:
        return x
    p = case.args["padding"]
    return tf.pad(x, [[0, 0], [p, p], [p, p], [0, 0]], mode="REFLECT")


LAYOUTS = {"W": (2, 1, 0), "D": (2, 0, 1)}  # ours -> theirs


def reproduces(case, run, weights, mode, part=lambda name, gradient: gradient):
    outputs, (x, *gradients) = golden.outputs_and_gradients(
        run,
        [golden.channels_last(case["in/x"])],
        golden.channels_last(case["R"]),
        lambda inputs: [*inputs, *weights.values()],
        mode,
    )
    case.expect("out", golden.channels_first(outputs))
    found = {f"param/{name}": part(name, g) for name, g in zip(weights, gradients)}
    case.expect_gradients({"in/x": golden.channels_first(x), **found})


def weights_of(layer):
    found = {"W": layer.kernel, "D": layer.depthwise_kernel, "bias": layer.bias}
    return {name: weight for name, weight in found.items() if weight is not None}


def transposed(name, gradient):
    return np.transpose(gradient, LAYOUTS[name]) if name in LAYOUTS else gradient


@pytest.mark.parametrize("case", OURS, ids=str)
def test_outputs_and_gradients(case, mode):
    layer = made(case)
    layer.load_torch_state(case.group("param"))
    reproduces(case, lambda x: layer(padded(case, x)), weights_of(layer), mode, transposed)


@pytest.mark.parametrize("case", OURS, ids=str)
def test_the_folded_convolution(case):
    layer = made(case)
    layer.load_torch_state(case.group("param"))
    x = padded(case, tf.constant(golden.channels_last(case["in/x"])))
    case.expect("out", golden.channels_first(layer.fold()(x)))
    if "mid/composed_kernel" in case.arrays:
        case.expect("mid/composed_kernel", np.transpose(layer.folded()["kernel"], (3, 2, 0, 1)))


def test_fewer_rows_than_taps(mode):
    """Theirs in ours: the rows that are missing at zero, and D less the identity that ours adds."""
    case = load(BELOW)
    rows = case.args["D_mul"]
    with pytest.raises(ValueError, match="`d_mul` must be at least the 9 taps"):
        made(case)
    layer = made(case, d_mul=None)
    layer.kernel.assign(np.pad(np.transpose(case["param/W"], (2, 1, 0)), [(0, 9 - rows), (0, 0), (0, 0)]))
    depthwise = np.pad(np.transpose(case["param/D"], (1, 2, 0)), [(0, 0), (0, 9 - rows), (0, 0)])
    layer.depthwise_kernel.assign(depthwise - layer.identity()[..., None])
    layer.bias.assign(case["param/bias"])

    def part(name, gradient):
        return transposed(name, gradient)[..., :rows] if name in LAYOUTS else gradient

    reproduces(case, layer, weights_of(layer), mode, part)


@pytest.mark.parametrize("name", PAIRED)
def test_their_pairing_in_groups(name, mode):
    """Composed by their rule, which is not a depthwise kernel before a grouped one."""
    case = load(name)
    layer = made(case)
    groups, width, filters = layer.groups, layer.kernel.shape[1], layer.filters
    weights = {n: tf.Variable(case[f"param/{n}"]) for n in ("W", "D", "bias")}
    paired = np.eye(groups * width)[(np.arange(filters) % groups)[:, None] * width + np.arange(width)]

    def run(x):
        d = tf.einsum("oic,cks->oiks", paired, weights["D"] + case["param/d_diag"])
        kernel = tf.reshape(tf.einsum("oiks,ois->kio", d, weights["W"]), [3, 3, width, filters])
        x = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
        return static_conv(x, kernel, ConvGeometry(layer.strides, (1, 1), "VALID"), groups) + weights["bias"]

    reproduces(case, run, weights, mode)


@pytest.mark.parametrize("name", PAIRED)
def test_ours_pairs_by_the_channel(name):
    """With the same arrays another function; equal wherever their pairing happens to be the filter's own group."""
    case = load(name)
    layer = made(case)
    with pytest.raises(ValueError, match="cannot take the weights of groups of several filters"):
        layer.load_torch_state(case.group("param"))
    layer.kernel.assign(np.transpose(case["param/W"], (2, 1, 0)))
    layer.depthwise_kernel.assign(np.transpose(case["param/D"], (1, 2, 0)))
    layer.bias.assign(case["param/bias"])
    outputs = golden.channels_first(layer(golden.channels_last(case["in/x"])))
    errors = np.abs(outputs - case["out"]).max((0, 2, 3))
    o = np.arange(layer.filters)
    own = o // (layer.filters // layer.groups) == o % layer.groups
    assert 0 < own.sum() < layer.filters
    np.testing.assert_array_equal(errors < 1e-9, own)
    assert errors[~own].min() > 0.1


def test_every_file_is_used():
    assert sorted(map(str, CASES)) == sorted(golden.index("doconv"))
    assert len(CASES) == 15 and len(OURS) == 12
