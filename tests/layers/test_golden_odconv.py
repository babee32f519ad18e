"""ODConv2D against the authors' PyTorch module: outputs, every gradient, and the running statistics of its attention.

What differs from our defaults, and by which arguments it is reproduced: four kernels (ours, as the authors' networks, one),
no bias, and padding as a number of zeros on every side.
"""

import numpy as np
import pytest

import tfdynconv
from tests import golden

CASES = [golden.load("odconv", name) for name in golden.files("odconv")]


def loaded(case, **changes):
    args = case.args
    arguments = {
        "strides": args.get("stride", 1),
        "padding": args.get("padding", 0),
        "dilation_rate": args.get("dilation", 1),
        "groups": args.get("groups", 1),
        "use_bias": False,
        "num_kernels": args.get("kernel_num", 4),
        "reduction_ratio": args.get("reduction", 1 / 16),
        "temperature": args["_temperature"],
        "dtype": "float64",
        **changes,
    }
    layer = tfdynconv.ODConv2D(args["out_planes"], args["kernel_size"], **arguments)
    images = case["in/x"] if layer.data_format == "channels_first" else golden.channels_last(case["in/x"])
    layer.build((None, *images.shape[1:]))
    layer.load_torch_state({**case.group("param"), **case.group("buffer")})
    return layer, images


def weights(layer):
    """Every trainable weight by PyTorch's name, and the way of its gradient to PyTorch's layout."""
    found = {
        "param/weight": (layer.kernel, golden.torch_bank),
        "param/attention.fc.weight": (layer.routing.squeeze.kernel, golden.torch_dense),
        "param/attention.bn.weight": (layer.routing.normalize.gamma, np.reshape),
        "param/attention.bn.bias": (layer.routing.normalize.beta, np.reshape),
    }
    for name in ("channel", "filter", "spatial", "kernel"):
        head = layer.routing.head(name)
        if head is not None:
            found[f"param/attention.{name}_fc.weight"] = (head.kernel, golden.torch_dense)
            found[f"param/attention.{name}_fc.bias"] = (head.bias, np.reshape)
    assert len(found) == len(layer.trainable_weights)
    return found


def reproduces(case, mode, **changes):
    layer, images = loaded(case, **changes)
    first = layer.data_format == "channels_first"
    into, back = (np.asarray, np.asarray) if first else (golden.channels_last, golden.channels_first)
    named, is_training = weights(layer), case.meta["mode"] == "train"
    outputs, (x, *gradients) = golden.outputs_and_gradients(
        lambda inputs: layer(inputs, training=is_training),
        [images],
        into(case["R"]),
        lambda inputs: [*inputs, *(weight for weight, _ in named.values())],
        mode,
    )
    case.expect("out", back(outputs))
    in_torch = {name: convert(g, case[name].shape) for (name, (_, convert)), g in zip(named.items(), gradients)}
    case.expect_gradients({"in/x": back(x), **in_torch})
    norm = layer.routing.normalize
    moved = "buffer_after" if is_training else "buffer"
    case.expect(f"{moved}/attention.bn.running_mean", norm.moving_mean.numpy(), atol=1e-8)
    case.expect(f"{moved}/attention.bn.running_var", norm.moving_variance.numpy(), atol=1e-8)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_outputs_and_gradients(case, mode):
    reproduces(case, mode)


@pytest.mark.parametrize("case", CASES[::3], ids=str)
def test_channels_first(case):
    reproduces(case, "eager", data_format="channels_first")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_attentions(case):
    layer, images = loaded(case)
    attentions = layer.routing(images, training=case.meta["mode"] == "train")
    published = {key.split("_")[-1] for key in case.arrays if key.startswith("mid/attention_")}
    assert set(attentions) == published
    for name, values in attentions.items():
        reference = case[f"mid/attention_{name}"]
        case.expect(f"mid/attention_{name}", np.reshape(values, reference.shape))


def test_every_file_is_used():
    assert sorted(map(str, CASES)) == sorted(golden.index("odconv"))
    assert len(CASES) == 18
