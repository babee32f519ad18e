"""CondConv against timm: outputs and every gradient. Its blocks are in `test_golden_condconv_block.py`.

What differs from our defaults, and by which arguments it is reproduced:

- timm's convolution has no bias unless asked (`use_bias=False`);
- the routing is outside (`routing=None`, the coefficients in the call);
- padding '' is symmetric, also where a stride makes "same" lopsided (`padding` as a number, `symmetric` below).
"""

import functools

import numpy as np
import pytest

import tfdynconv
from tests import golden

load = functools.partial(golden.load, "condconv")
CASES = [load(name) for name in golden.files("condconv") if not name.startswith("block_")]


def symmetric(kernel_size, stride=1, dilation=1):
    """timm's padding '': the same number of zeros on every side."""
    return (stride - 1 + dilation * (kernel_size - 1)) // 2


def padding(args):
    given = args.get("padding", "")
    return given if given != "" else symmetric(args["kernel_size"], args.get("stride", 1), args.get("dilation", 1))


WORDS = [case for case in CASES if isinstance(padding(case.args), str)]
NUMBERS = [case for case in CASES if case not in WORDS]
DEPTHWISE = [case for case in CASES if case.args.get("groups") == case.args["in_channels"]]
ONE_SIDED = [load(name) for name in ("k3_s2_e4_symm_even", "k3_s2_e4_same_even")]


def arguments(args, data_format="channels_last"):
    return {
        "kernel_size": args["kernel_size"],
        "strides": args.get("stride", 1),
        "padding": padding(args),
        "data_format": data_format,
        "dilation_rate": args.get("dilation", 1),
        "use_bias": args.get("bias", False),
        "num_experts": args["num_experts"],
        "routing": None,
        "dtype": "float64",
    }


def conv(args, **changes):
    return tfdynconv.CondConv2D(args["out_channels"], groups=args.get("groups", 1), **{**arguments(args), **changes})


def depthwise(args, **changes):
    return tfdynconv.DepthwiseCondConv2D(**{**arguments(args), **changes})


TO_TORCH = {conv: golden.torch_bank, depthwise: golden.torch_depthwise_bank}


def loaded(make, case, **changes):
    """The layer with the state of timm's module, and the images in its layout."""
    layer = make(case.args, **changes)
    images = case["in/x"] if layer.data_format == "channels_first" else golden.channels_last(case["in/x"])
    layer.build((None, *images.shape[1:]))
    layer.load_torch_state(case.group("param"))
    return layer, images


def reproduces(make, case, mode, **changes):
    layer, images = loaded(make, case, **changes)
    first = layer.data_format == "channels_first"
    into, back = (np.asarray, np.asarray) if first else (golden.channels_last, golden.channels_first)
    weights = [layer.kernel, layer.bias] if layer.use_bias else [layer.kernel]
    outputs, (x, r, kernel, *bias) = golden.outputs_and_gradients(
        layer, [images, case["in/routing_weights"]], into(case["R"]), lambda inputs: [*inputs, *weights], mode
    )
    case.expect("out", back(outputs))
    gradients = {"in/x": back(x), "in/routing_weights": r}
    gradients["param/weight"] = TO_TORCH[make](kernel, case["param/weight"].shape)
    if bias:
        gradients["param/bias"] = bias[0]
    case.expect_gradients(gradients)


@pytest.mark.parametrize("case", WORDS, ids=str)
def test_padding_by_a_word(case, mode):
    """timm's 'same' and 'valid' are TensorFlow's."""
    reproduces(conv, case, mode)


@pytest.mark.parametrize("case", NUMBERS, ids=str)
def test_symmetric_padding_as_a_number(case, mode):
    """timm's default, '', and its ints, as `padding=int`."""
    reproduces(conv, case, mode)


@pytest.mark.parametrize("case", DEPTHWISE, ids=str)
def test_as_many_groups_as_channels_as_a_depthwise_layer(case, mode):
    reproduces(depthwise, case, mode)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_channels_first(case):
    """In the layout of the reference."""
    reproduces(conv, case, "eager", data_format="channels_first")
    if case in DEPTHWISE:
        reproduces(depthwise, case, "eager", data_format="channels_first")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_mixed_kernels_and_biases(case):
    """What the convolution receives: sums over experts, of kernels and of biases, one for each sample."""
    r = case["in/routing_weights"]
    for make in (conv, depthwise) if case in DEPTHWISE else (conv,):
        layer, _ = loaded(make, case)
        kernels = tfdynconv.ops.mix(np.asarray(layer.get_weights()[0]), r)
        case.expect("mid/agg_weight", TO_TORCH[make](kernels, case["mid/agg_weight"].shape))
        if layer.use_bias:
            case.expect("mid/agg_bias", r @ np.asarray(layer.get_weights()[1]))


@pytest.mark.parametrize("case", ONE_SIDED, ids=str)
def test_symmetric_padding_is_not_same_at_even_sizes(case):
    """3x3 at stride 2 on 8x8: "same" pads only after, '' on both sides, and the outputs have one shape."""
    other = "same" if padding(case.args) != "same" else 1
    layer, images = loaded(conv, case, padding=other)
    outputs = golden.channels_first(layer(images, case["in/routing_weights"]))
    assert outputs.shape == case["out"].shape
    assert np.abs(outputs - case["out"]).max() > 0.1


def test_every_file_is_used():
    from tests.layers.test_golden_condconv_block import CASES as BLOCKS

    assert sorted(map(str, [*WORDS, *NUMBERS, *BLOCKS])) == golden.files("condconv") == sorted(golden.index("condconv"))
    assert [len(WORDS), len(NUMBERS), len(DEPTHWISE), len(BLOCKS)] == [6, 9, 2, 4]
