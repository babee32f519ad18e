"""Involution against the authors' module, its form in plain tensors: outputs, every gradient, and the running statistics."""

import numpy as np
import pytest

from tests import golden
from tfdynconv.blocks import Involution2D

CASES = [golden.load("involution", name) for name in golden.files("involution")]
EVERY = pytest.mark.parametrize("case", CASES, ids=str)


def loaded(case, **changes):
    block = Involution2D(case.args["kernel_size"], strides=case.args["stride"], **{"dtype": "float64", **changes})
    images = case["in/x"] if block.data_format == "channels_first" else golden.channels_last(case["in/x"])
    block.build((None, *images.shape[1:]))
    block.load_torch_state({**case.group("param"), **case.group("buffer")})
    return block, images


def weights(block):
    """Every trainable weight by PyTorch's name, and the way of its gradient to PyTorch's layout."""
    found = {
        "param/conv1.conv.weight": (block.reduce.kernel, lambda a, shape: golden.torch_bank(a[np.newaxis], shape)),
        "param/conv1.bn.weight": (block.normalize.gamma, np.reshape),
        "param/conv1.bn.bias": (block.normalize.beta, np.reshape),
        "param/conv2.conv.weight": (block.span.kernel, lambda a, shape: golden.torch_bank(a[np.newaxis], shape)),
        "param/conv2.conv.bias": (block.span.bias, np.reshape),
    }
    assert len(found) == len(block.trainable_weights)
    return found


def reproduces(case, mode, **changes):
    block, images = loaded(case, **changes)
    first = block.data_format == "channels_first"
    into, back = (np.asarray, np.asarray) if first else (golden.channels_last, golden.channels_first)
    named, is_training = weights(block), case.meta["mode"] == "train"
    outputs, (x, *gradients) = golden.outputs_and_gradients(
        lambda inputs: block(inputs, training=is_training),
        [images],
        into(case["R"]),
        lambda inputs: [*inputs, *(weight for weight, _ in named.values())],
        mode,
    )
    case.expect("out", back(outputs))
    in_torch = {name: convert(g, case[name].shape) for (name, (_, convert)), g in zip(named.items(), gradients)}
    case.expect_gradients({"in/x": back(x), **in_torch})
    if is_training:
        case.expect("buffer_after/conv1.bn.running_mean", block.normalize.moving_mean.numpy(), atol=1e-8)
        cells = np.prod(case["mid/generated_kernels"].shape) / case["mid/generated_kernels"].shape[1]
        before, after = case["buffer/conv1.bn.running_var"], case["buffer_after/conv1.bn.running_var"]
        biased = 0.9 * before + (after - 0.9 * before) * (cells - 1) / cells  # Keras keeps the variance that it used
        np.testing.assert_allclose(block.normalize.moving_variance.numpy(), biased, atol=1e-7)


@EVERY
@pytest.mark.parametrize("how", ["eager", "graph"])
def test_outputs_and_gradients(case, how):
    reproduces(case, how)


LONG = {"c16_k5_eval", "c16_k7_s2_train", "c48_k3_s2_eval", "c32_k3_eval"}  # or long to compile


@pytest.mark.parametrize(
    "case", [pytest.param(c, marks=pytest.mark.slow if str(c) in LONG else (), id=str(c)) for c in CASES]
)
def test_outputs_and_gradients_under_xla(case):
    reproduces(case, "jit")


@pytest.mark.parametrize("case", CASES[::3], ids=str)
def test_channels_first(case):
    reproduces(case, "eager", data_format="channels_first")


@EVERY
def test_generated_kernels(case):
    block, images = loaded(case)
    kernels = block.kernels(images, training=case.meta["mode"] == "train")
    case.expect("mid/generated_kernels", golden.channels_first(kernels))


def test_every_file_is_used():
    assert sorted(map(str, CASES)) == sorted(golden.index("involution"))
    assert len(CASES) == 8
