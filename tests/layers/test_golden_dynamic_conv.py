"""DynamicConv1D, 2D and 3D against the popular PyTorch module: outputs and every gradient, those of the attention among them.

What differs from our defaults, and by which arguments it is reproduced:

- the attention's width is `int(channels * ratio) + 1`, or the number of kernels for 3 channels (`hidden_units`);
- the temperature starts at 34, ours at the paper's 30 (`temperature`);
- padding is a number of zeros on every side, also under strides (`padding` as a number);
- the 3-D module's second attention layer has no bias: ours stays zero, and its gradient has no reference.
"""

import numpy as np
import pytest

import tfdynconv
from tests import golden

LAYERS = {"d1": tfdynconv.DynamicConv1D, "d2": tfdynconv.DynamicConv2D, "d3": tfdynconv.DynamicConv3D}
CASES = [golden.load("dynamic_conv", name) for name in golden.files("dynamic_conv")]
DEPTHWISE = [
    case for case in CASES if case.name.startswith("d2_") and case.args.get("groups") == case.args["in_planes"]
]
NARROW = [case for case in CASES if case.args["in_planes"] != 3]


def hidden_units(args):
    if args["in_planes"] == 3:
        return args["K"]
    return int(args["in_planes"] * args.get("ratio", 0.25)) + 1


def make(case, **changes):
    args = case.args
    arguments = {
        "strides": args.get("stride", 1),
        "padding": args.get("padding", 0),
        "dilation_rate": args.get("dilation", 1),
        "groups": args.get("groups", 1),
        "use_bias": args.get("bias", True),
        "num_kernels": args["K"],
        "hidden_units": hidden_units(args),
        "temperature": args.get("temperature", 34),
        "dtype": "float64",
        **changes,
    }
    return LAYERS[case.name[:2]](args["out_planes"], args["kernel_size"], **arguments)


def loaded(case, **changes):
    """The layer with the state of the PyTorch module, and the images in its layout."""
    layer = make(case, **changes)
    images = case["in/x"] if layer.data_format == "channels_first" else golden.channels_last(case["in/x"])
    layer.build((None, *images.shape[1:]))
    layer.load_torch_state(case.group("param"))
    return layer, images


def weights(layer):
    """Every trainable weight by PyTorch's name, and the way of its gradient to PyTorch's layout."""
    squeeze, excite = layer.routing.squeeze, layer.routing.excite
    found = {
        "param/weight": (layer.kernel, golden.torch_bank),
        "param/attention.fc1.weight": (squeeze.kernel, golden.torch_dense),
        "param/attention.fc2.weight": (excite.kernel, golden.torch_dense),
    }
    if layer.rank < 3:
        found["param/attention.fc2.bias"] = (excite.bias, np.reshape)
    if layer.use_bias:
        found["param/bias"] = (layer.bias, np.reshape)
    assert len(found) == len(layer.trainable_weights) - (layer.rank == 3)
    return found


def reproduces(case, mode, **changes):
    layer, images = loaded(case, **changes)
    first = layer.data_format == "channels_first"
    into, back = (np.asarray, np.asarray) if first else (golden.channels_last, golden.channels_first)
    named = weights(layer)
    outputs, (x, *gradients) = golden.outputs_and_gradients(
        layer, [images], into(case["R"]), lambda inputs: [*inputs, *(weight for weight, _ in named.values())], mode
    )
    case.expect("out", back(outputs))
    in_torch = {name: convert(g, case[name].shape) for (name, (_, convert)), g in zip(named.items(), gradients)}
    case.expect_gradients({"in/x": back(x), **in_torch})


@pytest.mark.parametrize("case", CASES, ids=str)
def test_outputs_and_gradients(case, mode):
    reproduces(case, mode)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_channels_first(case):
    """In the layout of the reference."""
    reproduces(case, "eager", data_format="channels_first")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_attention_and_mixed_kernels(case):
    layer, images = loaded(case)
    attention = layer.routing(images)
    case.expect("mid/attention", attention)
    logits = layer.routing.excite(layer.routing.squeeze(images.mean(tuple(range(1, images.ndim - 1)))))
    case.expect("mid/logits_before_temperature", logits)
    kernels = tfdynconv.ops.mix(np.asarray(layer.get_weights()[0]), attention)
    case.expect("mid/agg_weight", golden.torch_bank(kernels, case["mid/agg_weight"].shape))
    if layer.use_bias:
        case.expect("mid/agg_bias", attention @ np.asarray(layer.get_weights()[1]))


@pytest.mark.parametrize("case", [case for case in CASES if case.args["K"] > 1], ids=str)
def test_a_temperature_assigned_later(case, mode):
    """As a schedule does: made at our default, then set to the module's."""
    layer, images = loaded(case, temperature=30.0)
    layer.routing.temperature.assign(case.args.get("temperature", 34))
    in_order = list(weights(layer).values())
    outputs, gradients = golden.outputs_and_gradients(
        layer, [images], golden.channels_last(case["R"]), lambda _: [weight for weight, _ in in_order], mode
    )
    case.expect("out", golden.channels_first(outputs))
    for (name, (_, convert)), gradient in zip(weights(layer).items(), gradients):
        case.expect(f"grad_{name}", convert(gradient, case[name].shape))


@pytest.mark.parametrize("case", [case for case in CASES if "temperature" not in case.args], ids=str)
def test_our_default_temperature_is_not_the_modules(case):
    ours = tfdynconv.DynamicConv2D(1, 1).routing.initial_temperature
    layer, images = loaded(case, temperature=ours)
    assert np.abs(layer.routing(images) - case["mid/attention"]).max() > 1e-5


@pytest.mark.parametrize("case", NARROW, ids=str)
def test_our_default_width_is_one_less(case):
    """`reduction_ratio` alone gives the paper's width, and the module's attention does not fit into it."""
    with pytest.raises(ValueError, match="load_torch_state expected 'attention.fc1.weight' to become"):
        loaded(case, hidden_units=None, reduction_ratio=case.args.get("ratio", 0.25))


@pytest.mark.parametrize("case", DEPTHWISE, ids=str)
def test_depthwise_layer(case):
    """The module with as many groups as channels is `DepthwiseDynamicConv2D` too."""
    grouped, images = loaded(case)
    layer = tfdynconv.DepthwiseDynamicConv2D(
        grouped.kernel_size,
        strides=grouped.strides,
        padding=grouped.padding,
        num_kernels=grouped.num_kernels,
        use_bias=grouped.use_bias,
        hidden_units=hidden_units(case.args),
        temperature=case.args.get("temperature", 34),
        dtype="float64",
    )
    layer.build(images.shape)
    layer.load_torch_state(case.group("param"))
    case.expect("out", golden.channels_first(layer(images)))


def test_every_file_is_used():
    assert sorted(map(str, CASES)) == sorted(golden.index("dynamic_conv"))
    assert len(CASES) == 20 and DEPTHWISE
