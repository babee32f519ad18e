"""DRConv2D against both published PyTorch modules: outputs and every gradient.

- the unofficial module (`shallowtoil`) is the paper's form; it has no bias;
- the official one (`megvii`) mixes basis kernels and takes logits of a guide from outside; its `beta` and `use_alpha` are
  arguments of its call, and of our layer.
"""

import numpy as np
import pytest

import tfdynconv
from tests import golden

PAPER = [golden.load("drconv_shallowtoil", name) for name in golden.files("drconv_shallowtoil")]
OFFICIAL = [golden.load("drconv_megvii", name) for name in golden.files("drconv_megvii")]
TRAINED = [case for case in PAPER if case.meta["mode"] == "train"]


def make(case, **arguments):
    args = case.args
    layer = tfdynconv.DRConv2D(
        args["out_channels"],
        args["kernel_size"],
        strides=args.get("stride", 1),
        padding=args.get("padding", 0),
        dilation_rate=args.get("dilation", 1),
        dtype="float64",
        **arguments,
    )
    layer.build((None, *golden.channels_last(case["in/x"]).shape[1:]))
    layer.load_torch_state(case.group("param"))
    return layer


def paper_form(case, **changes):
    regions = case.args.get("region_num", 8)
    return make(case, use_bias=False, num_regions=regions, **changes)


def official_form(case, **changes):
    return make(
        case,
        use_bias=case.args.get("bias", True),
        num_regions=case.args.get("groups_num", 8),
        generator="basis",
        num_basis=case.args.get("num_W", 8),
        guide=None,
        beta=case.args["_beta"],
        use_alpha=case.args["_use_alpha"],
        **changes,
    )


def generated_rows(gradient, shape, regions):
    """`[m m, channels, filters]` -> `[m filters channels, m, 1, 1]`."""
    _, channels, filters = gradient.shape
    return gradient.reshape(regions, regions, channels, filters).transpose(0, 3, 2, 1).reshape(shape)


def generated_bias(gradient, shape, filters):
    regions = len(gradient)
    return gradient.reshape(regions, -1, filters).transpose(0, 2, 1).reshape(shape)


def basis(gradient, shape):
    """`[q, height, width, channels, filters]` -> `[filters channels height width, q]`."""
    return np.transpose(gradient, (4, 3, 1, 2, 0)).reshape(shape)


def paper_weights(layer):
    generator, guide = layer.generator, layer.guide
    return {
        "param/conv_kernel.1.weight": (generator.squeeze.kernel, golden.torch_dense),
        "param/conv_kernel.1.bias": (generator.squeeze.bias, np.reshape),
        "param/conv_kernel.3.weight": (generator.kernel, lambda g, s: generated_rows(g, s, layer.num_regions)),
        "param/conv_kernel.3.bias": (generator.kernel_bias, lambda g, s: generated_bias(g, s, layer.filters)),
        "param/conv_guide.weight": (guide.kernel, lambda g, s: golden.torch_bank(g[np.newaxis], s)),
        "param/conv_guide.bias": (guide.bias, np.reshape),
    }


def official_weights(layer):
    found = {
        "param/weight": (layer.generator.kernel, basis),
        "param/routing_fc.weight": (layer.generator.routing.dense.kernel, golden.torch_dense),
        "param/routing_fc.bias": (layer.generator.routing.dense.bias, np.reshape),
    }
    if layer.use_bias:
        found["param/bias"] = (layer.bias, np.reshape)
    return found


def reproduces(case, layer, named, inputs, mode):
    assert len(named) == len(layer.trainable_weights)
    outputs, gradients = golden.outputs_and_gradients(
        layer,
        [golden.channels_last(case[name]) for name in inputs],
        golden.channels_last(case["R"]),
        lambda tensors: [*tensors, *(weight for weight, _ in named.values())],
        mode,
    )
    case.expect("out", golden.channels_first(outputs))
    found = {name: golden.channels_first(g) for name, g in zip(inputs, gradients)}
    for (name, (_, convert)), gradient in zip(named.items(), gradients[len(inputs) :]):
        found[name] = convert(gradient, case[name].shape)
    case.expect_gradients(found)


@pytest.mark.parametrize("lowering", ["auto", "dense"])
@pytest.mark.parametrize("case", TRAINED, ids=str)
def test_the_papers_form(case, lowering, mode):
    layer = paper_form(case, lowering=lowering)
    reproduces(case, layer, paper_weights(layer), ["in/x"], mode)


@pytest.mark.parametrize("lowering", ["auto", "dense"])
@pytest.mark.parametrize("case", OFFICIAL, ids=str)
def test_the_official_form(case, lowering, mode):
    layer = official_form(case, lowering=lowering)
    reproduces(case, layer, official_weights(layer), ["in/x", "in/guide_logits"], mode)


@pytest.mark.parametrize("case", PAPER, ids=str)
def test_kernels_and_regions_of_the_papers_form(case):
    layer, images = paper_form(case), golden.channels_last(case["in/x"])
    kernels = np.transpose(layer.generator(images), (0, 1, 5, 4, 2, 3))
    case.expect("mid/kernels", kernels)
    case.expect("mid/guide_feature", golden.channels_first(layer.guide(images)))
    np.testing.assert_array_equal(np.argmax(layer.guide(images), -1), case["mid/region_index"])
    case.expect("out", golden.channels_first(layer(images)))


def test_every_file_is_used():
    assert sorted(map(str, PAPER)) == sorted(golden.index("drconv_shallowtoil"))
    assert sorted(map(str, OFFICIAL)) == sorted(golden.index("drconv_megvii"))
    assert len(PAPER) == 9 and len(OFFICIAL) == 10
    assert [str(case) for case in PAPER if case not in TRAINED] == ["k3_r3_p1_eval"]
