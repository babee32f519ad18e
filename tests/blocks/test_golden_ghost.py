"""GhostModule2D against timm's and another published module: outputs, every gradient, and the statistics after training.

What differs from our defaults, and by which arguments it is reproduced:

- the padding is a number, `kernel_size // 2`;
- PyTorch's moving variance takes the unbiased variance of a batch, Keras' the biased one.
"""

import functools

import numpy as np
import pytest

from tests import golden
from tfdynconv import blocks
from tfdynconv.testing.case import variable

load = functools.partial(golden.load, "ghost")
CASES = [load(name) for name in golden.files("ghost")]
ROUNDED = {"rtol": 1e-7, "atol": 1e-8}  # Keras 2.15 has the momentum in float32
EVERY = pytest.mark.parametrize("case", CASES, ids=str)


def loaded(case, **changes):
    args = case.args
    size = args.get("kernel_size", 1)
    block = blocks.GhostModule2D(
        args.get("out_chs", args.get("oup")),
        **{
            "kernel_size": size,
            "strides": args.get("stride", 1),
            "padding": size // 2,
            "ratio": args.get("ratio", 2),
            "depthwise_kernel_size": args.get("dw_size", 3),
            "activation": "relu" if args.get("relu", True) else None,
            "dtype": "float64",
            **changes,
        },
    )
    images = case["in/x"] if block.data_format == "channels_first" else golden.channels_last(case["in/x"])
    block.build((None, *images.shape[1:]))
    block.load_torch_state({**case.group("param"), **case.group("buffer")})
    return block, images


def reproduces(case, mode, **changes):
    block, images = loaded(case, **changes)
    first = block.data_format == "channels_first"
    into, back = (np.asarray, np.asarray) if first else (golden.channels_last, golden.channels_first)
    names = ["primary_conv.0.weight", "primary_conv.1.weight", "primary_conv.1.bias"]
    names += [name.replace("primary_conv", "cheap_operation") for name in names]
    parts = (block.primary, block.primary_norm, block.cheap, block.cheap_norm)
    weights = [w for part in parts for w in part.trainable_weights]
    outputs, (x, *gradients) = golden.outputs_and_gradients(
        lambda x: block(x, training=case.meta["mode"] == "train"),
        [images],
        into(case["R"]),
        lambda inputs: [*inputs, *[variable(w) for w in weights]],
        mode,
    )
    case.expect("out", back(outputs))
    found = {"in/x": back(x), **{f"param/{name}": g for name, g in zip(names, gradients, strict=True)}}
    found["param/primary_conv.0.weight"] = np.transpose(gradients[0], (3, 2, 0, 1))
    shape = case["param/cheap_operation.0.weight"].shape
    found["param/cheap_operation.0.weight"] = golden.torch_depthwise_bank(gradients[3][np.newaxis], shape)
    case.expect_gradients(found)
    return block


@EVERY
def test_outputs_and_gradients(case, mode):
    reproduces(case, mode)


@pytest.mark.parametrize("name", ["timm_k3_s2_r2_odd_train", "cv_r4_dw3_train"])
def test_channels_first(name):
    """In the layout of the reference."""
    reproduces(load(name), "eager", data_format="channels_first")


@pytest.mark.parametrize("name", [str(case) for case in CASES if case.meta["mode"] == "train"])
def test_statistics_after_training(name):
    case = load(name)
    block = reproduces(case, "eager")
    count = np.prod(block.compute_output_shape(golden.channels_last(case["in/x"]).shape)[:3])
    for prefix, norm in (("primary_conv.1", block.primary_norm), ("cheap_operation.1", block.cheap_norm)):
        case.expect(f"buffer_after/{prefix}.running_mean", norm.moving_mean.numpy(), **ROUNDED)
        before = case[f"buffer/{prefix}.running_var"]
        added = (norm.moving_variance.numpy() - 0.9 * before) * count / (count - 1)
        case.expect(f"buffer_after/{prefix}.running_var", 0.9 * before + added, **ROUNDED)


def test_same_padding_is_another_at_stride_2():
    """On a side of even length; the shapes agree."""
    case = load("timm_k3_s2_r2_odd_train")
    block, images = loaded(case, padding="same")
    outputs = golden.channels_first(block(images, training=True))
    assert outputs.shape == case["out"].shape
    assert np.abs(outputs - case["out"]).max() > 0.1


def test_every_file_is_used():
    assert sorted(map(str, CASES)) == sorted(golden.index("ghost"))
    assert len(CASES) == 7
