"""HetConv2D against the class `HetConv` of CVHuber/Convolution, and against the paper's pattern.

That class drops the mask of the authors' code: at the channels of its own part a filter has a 1x1 kernel beside the k x k
one, at the same place as its middle tap. The same functions, then, by more weights: here its diagonal blocks are added to our
middle taps, and the rest goes into our 1x1 kernel.
"""

import functools

import numpy as np
import pytest
import tensorflow as tf

from tests import golden
from tests.blocks.folding import kernel, torch_kernel
from tfdynconv.blocks import HetConv2D
from tfdynconv.layers.fold import dense

load = functools.partial(golden.load, "hetconv")
CASES = [load(name) for name in golden.files("hetconv")]
EVERY = pytest.mark.parametrize("case", CASES, ids=str)


def loaded(case, unmasked=True):
    """Our layer, and where in the 1x1 kernel `[channels, filters]` its diagonal blocks lie."""
    args = case.args
    layer = HetConv2D(args["out_channels"], 3, padding=1, groups=args["p"], use_bias=False, dtype="float64")
    layer.build((None, None, None, args["in_channels"]))
    parts, pointwise = kernel(case["param/gwc.weight"]), kernel(case["param/pwc.weight"])
    if unmasked:
        parts = parts.copy()
        parts[1, 1] += diagonal(pointwise[0, 0], args["p"])
    layer.kernel.assign(parts)
    if layer.pointwise_kernel is not None:
        layer.pointwise_kernel.assign(pointwise)
    return layer


def diagonal(pointwise, p):
    """`[channels, filters]` -> `[channels / p, filters]`: of each filter, the channels of its own part."""
    channels, filters = pointwise.shape
    apart = pointwise.reshape(p, channels // p, p, filters // p)
    return np.concatenate([apart[part, :, part] for part in range(p)], -1)


@EVERY
def test_outputs_and_gradients(case, mode):
    layer = loaded(case)
    outputs, (x, *gradients) = golden.outputs_and_gradients(
        layer,
        [golden.channels_last(case["in/x"])],
        golden.channels_last(case["R"]),
        lambda inputs: [*inputs, *layer.trainable_weights],
        mode,
    )
    case.expect("out", golden.channels_first(outputs))
    parts, *pointwise = gradients
    # their 1x1 receives ours where there is no mask, and under it what our middle taps receive
    received = dense(parts[1, 1], layer.groups) + (pointwise[0][0, 0] if pointwise else 0.0)
    case.expect_gradients(
        {
            "in/x": golden.channels_first(x),
            "param/gwc.weight": torch_kernel(parts),
            "param/pwc.weight": torch_kernel(received[np.newaxis, np.newaxis]),
        }
    )


@EVERY
def test_the_folded_convolution(case):
    outputs = loaded(case).fold()(golden.channels_last(case["in/x"]))
    case.expect("out", golden.channels_first(outputs))


@EVERY
def test_the_mask_is_the_difference(case):
    layer = loaded(case, unmasked=False)
    outputs = golden.channels_first(layer(golden.channels_last(case["in/x"])))
    assert np.abs(outputs - case["out"]).max() > 0.1


@pytest.mark.parametrize("strides", [1, 2])
@pytest.mark.parametrize("parts", [2, 3, 6])
def test_the_papers_pattern(parts, strides):
    """k x k where `(channel - filter) mod P = 0`, 1x1 in the middle elsewhere: ours, with both in another order."""
    random, channels, filters = np.random.default_rng(0), 6, 12
    whole = random.normal(size=(3, 3, channels, filters))
    congruent = (np.arange(channels)[:, None] - np.arange(filters)) % parts == 0
    middle = np.zeros([3, 3, 1, 1])
    middle[1, 1] = 1
    theirs = whole * np.where(congruent, 1.0, middle)
    x = random.normal(size=(2, 8, 7, channels))

    read, write = (np.argsort(np.arange(n) % parts, kind="stable") for n in (channels, filters))
    layer = HetConv2D(filters, 3, strides, padding="same", groups=parts, use_bias=False, dtype="float64")
    layer.build(x.shape)
    ordered = whole[:, :, read][..., write]
    slots = np.split(np.arange(channels), parts), np.split(np.arange(filters), parts)
    layer.kernel.assign(np.concatenate([ordered[:, :, a][..., b] for a, b in zip(*slots)], -1))
    layer.pointwise_kernel.assign(ordered[1:2, 1:2])
    wanted = tf.nn.conv2d(x, theirs, strides, "SAME").numpy()
    np.testing.assert_allclose(layer(x[..., read]).numpy(), wanted[..., write], rtol=1e-10, atol=1e-11)


def test_every_file_is_used():
    assert sorted(map(str, CASES)) == sorted(golden.index("hetconv"))
    assert len(CASES) == 4
