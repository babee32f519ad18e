"""Inception blocks against plain Keras layers, against a definition in NumPy where they have strides, and by their numbers."""

import itertools

import keras
import numpy as np
import pytest

from tests.blocks import attention_oracles as oracles
from tests.modes import in_mode
from tfdynconv import blocks
from tfdynconv.testing.case import redraw

FORMS = {
    "v1": lambda **more: blocks.InceptionBlock.v1(3, 2, 4, 3, 2, 5, **more),
    "v2": lambda **more: blocks.InceptionBlock.v2(3, 2, 4, 3, 2, 5, **more),
    "v3a": lambda **more: blocks.InceptionBlock.v3a(3, 2, 4, 3, 2, 5, **more),
    "v3b": lambda **more: blocks.InceptionBlock.v3b(3, 2, 4, 3, 2, 5, **more),
    "v3c": lambda **more: blocks.InceptionBlock.v3c(3, 2, 4, 3, 2, 6, 5, **more),
    "reduction": lambda **more: blocks.InceptionBlock.reduction(3, 2, 4, **more),
}


def published(form, x, conv):
    """The form written out by hand in Keras' layers; `conv(maps, filters, height, width, strides, padding)`."""
    mean = keras.layers.AveragePooling2D(3, 1, "same", dtype="float64")
    concat = keras.layers.Concatenate(dtype="float64")
    if form == "reduction":
        far = conv(conv(conv(x, 2, 1, 1), 4, 3, 3), 4, 3, 3, 2, "valid")
        return concat([conv(x, 3, 3, 3, 2, "valid"), far, keras.layers.MaxPooling2D(3, 2, dtype="float64")(x)])
    found = [conv(x, 3, 1, 1)]
    if form == "v1":
        found += [conv(conv(x, 2, 1, 1), 4, 3, 3), conv(conv(x, 3, 1, 1), 2, 5, 5)]
        return concat([*found, conv(keras.layers.MaxPooling2D(3, 1, "same", dtype="float64")(x), 5, 1, 1)])
    if form in ("v2", "v3a"):
        n = 3 if form == "v2" else 5
        found += [conv(conv(x, 2, 1, 1), 4, n, n), conv(conv(conv(x, 3, 1, 1), 2, 3, 3), 2, 3, 3)]
    elif form == "v3b":
        far = conv(conv(conv(conv(x, 3, 1, 1), 3, 7, 1), 3, 1, 7), 3, 7, 1)
        found += [conv(conv(conv(x, 2, 1, 1), 2, 1, 7), 4, 7, 1), conv(far, 2, 1, 7)]
    else:
        near, far = conv(x, 2, 1, 1), conv(conv(x, 3, 1, 1), 2, 3, 3)
        found += [conv(near, 4, 1, 3), conv(near, 4, 3, 1), conv(far, 6, 1, 3), conv(far, 6, 3, 1)]
    return concat([*found, conv(mean(x), 5, 1, 1)])


def weights_in_order(block):
    """Kernel, bias and statistics of each convolution in the order of the branches: the shared 1x1 convolutions apart."""
    found, start = [], 0
    for i, branch in enumerate(block.branches):
        for j, step in enumerate(branch):
            for k, (filters, _) in enumerate(step):
                if j == 0 and block.starts_at_entry(branch):
                    part = [w[..., start : start + filters] for w in block.convs["entry"].get_weights()]
                    start += filters
                else:
                    part = block.convs[f"branch_{i}_{j}_{k}"].get_weights()
                found.append(part)
    return [*found, *([block.convs["projection"].get_weights()] if "projection" in block.convs else [])]


@pytest.mark.parametrize("form", FORMS)
def test_the_published_forms(form):
    x = np.random.default_rng(0).normal(size=(2, 9, 8, 4))
    block = FORMS[form](dtype="float64")
    block.build((None, 9, 8, 4))
    redraw(block)
    for weight in block.non_trainable_weights:
        weight.assign(0.5 + np.random.default_rng(len(weight.name)).random(tuple(weight.shape)))
    waiting = iter(sorted_for(form, weights_in_order(block)))

    def conv(maps, filters, height, width, strides=1, padding="same"):
        kernel, *rest = next(waiting)
        assert kernel.shape == (height, width, maps.shape[-1], filters)
        layer = keras.layers.Conv2D(filters, (height, width), strides, padding, use_bias=form == "v1", dtype="float64")
        layer.build(maps.shape)
        layer.set_weights([kernel, *(rest if form == "v1" else [])])
        maps = layer(maps)
        if form != "v1":
            norm = keras.layers.BatchNormalization(scale=False, dtype="float64")
            norm.build(maps.shape)
            norm.set_weights(rest)
            maps = norm(maps)
        return keras.layers.ReLU(dtype="float64")(maps)

    np.testing.assert_allclose(block(x), published(form, x, conv), rtol=1e-9, atol=1e-11)


def sorted_for(form, found):
    """In the order in which `published` asks for them."""
    if form == "v3c":  # the trunks before their forks
        a, b, c, d, e, f, g, h, pool = found
        return [a, b, e, f, c, d, g, h, pool]
    if form == "v3b":  # the long branch but for its end
        a, *near, d1, d2, d3, d4, e, pool = found
        return [a, d1, d2, d3, d4, *near, e, pool]
    if form == "reduction":
        return [*found[1:4], found[0]]
    return found


def strided_branch(x, weight, largest, padding, strides):
    """One convolution centred in the largest window, by the rule for branches: pad once, then crop."""
    k = weight.shape[0]
    size = x.shape[1:3]
    if padding == "same":
        total = [max((-(-n // strides) - 1) * strides + largest - n, 0) for n in size]
        pads = [(t // 2, t - t // 2) for t in total]
    else:
        pads = [(0, 0)] * 2 if padding == "valid" else [(padding, padding)] * 2
    padded, cut = np.pad(x, [(0, 0), *pads, (0, 0)]), (largest - k) // 2
    inner = padded[:, cut : padded.shape[1] - cut, cut : padded.shape[2] - cut]
    return oracles.conv(inner, np.transpose(weight, (3, 2, 0, 1)), strides=(strides,) * 2)


def strided_pool(x, kind, size, largest, padding, strides):
    """The same of a window that pools; with "same" and for the largest value only real cells count."""
    height, width = x.shape[1:3]
    if padding == "same":
        before = [max((-(-n // strides) - 1) * strides + largest - n, 0) // 2 for n in (height, width)]
        counts = [-(-n // strides) for n in (height, width)]
    else:
        before = [0 if padding == "valid" else padding] * 2
        counts = [(n + 2 * before[0] - largest) // strides + 1 for n in (height, width)]
    start = [(largest - size) // 2 - b for b in before]
    outputs = np.zeros((len(x), *counts, x.shape[-1]))
    for i, j in itertools.product(*map(range, counts)):
        top, left = start[0] + i * strides, start[1] + j * strides
        cells = x[:, max(top, 0) : top + size, max(left, 0) : left + size]
        if kind == "max":
            outputs[:, i, j] = cells.max((1, 2))
        elif padding == "same":
            outputs[:, i, j] = cells.mean((1, 2))
        else:
            outputs[:, i, j] = cells.sum((1, 2)) / size**2
    return outputs


@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize("padding", ["same", "valid", 1, 2])
@pytest.mark.parametrize("size", [(8, 9), (10, 11)], ids=str)
@pytest.mark.parametrize("strides", [1, 2, 3])
def test_strided_branches_share_a_grid(strides, size, padding, pooling):
    """1x1, 3x3 and 5x5 of the same image, and a pool of 3x3: on even sizes a 1x1 that pads for itself reads other pixels."""
    x = np.random.default_rng(0).normal(size=(2, *size, 2))
    arguments = {"strides": strides, "padding": padding, "pooling": pooling, "activation": None, "dtype": "float64"}
    block = blocks.InceptionBlock([[(2, 1)], [(3, 3)], [(2, 5)]], use_norm=False, **arguments)
    block.build((None, *x.shape[1:]))
    redraw(block)
    kernels = [part[0] for part in weights_in_order(block)]
    wanted = [strided_branch(x, kernel, 5, padding, strides) for kernel in kernels]
    wanted.append(strided_pool(x, pooling, 3, 5, padding, strides))
    outputs = in_mode(block, "graph")(x)
    np.testing.assert_allclose(outputs, np.concatenate(wanted, -1), rtol=1e-9, atol=1e-11)


def test_googlenets_first_block():
    """Its 3a: 192 channels in, 256 out; the weights by the survey's formula, the multiply-adds with them."""
    a, b, c, d, e, f = 64, 96, 128, 16, 32, 32
    weights = 192 * (a + b + d + f) + 9 * b * c + 25 * d * e
    parameters, multiply_adds = blocks.InceptionBlock.v1(a, b, c, d, e, f).cost((None, 28, 28, 192))
    assert parameters == weights + a + b + c + d + e + f
    assert multiply_adds == 28 * 28 * weights


@pytest.mark.parametrize("form", FORMS)
def test_cost_counts_every_trainable_weight(form):
    block = FORMS[form]()
    block.build((None, 9, 8, 4))
    parameters, multiply_adds = block.cost((None, 9, 8, 4))
    assert parameters == sum(int(np.prod(w.shape)) for w in block.trainable_weights)
    kernels = {name: int(np.prod(conv.conv.kernel.shape)) for name, conv in block.convs.items()}
    pixels = {name: 12 if form == "reduction" and name in ("branch_0_0_0", "branch_1_2_0") else 72 for name in kernels}
    assert multiply_adds == sum(pixels[name] * kernels[name] for name in kernels)


def test_one_pass_over_the_input():
    """The 1x1 convolutions with which branches start are one."""
    block = FORMS["v1"]()
    block.build((None, 9, 8, 4))
    assert block.convs["entry"].conv.kernel.shape == (1, 1, 4, 5)
    assert sorted(block.convs) == ["branch_0_0_0", "branch_1_1_0", "branch_2_1_0", "entry", "projection"]


BAD = [
    ({"branches": []}, "InceptionBlock '.*': `branches` must be a list with a list of convolutions.*An example"),
    ({"branches": [(8, 1)]}, "a convolution in `branches` must be a pair .filters, kernel_size.*Received: 8"),
    ({"branches": [[(0, 1)]]}, "filters a positive int. Received: .0, 1."),
    ({"branches": [[(8, 2)]]}, "kernels in `branches` must be odd.*Received: .8, 2."),
    ({"branches": [[[(2, 1), (2, 3)], (2, 3)]]}, "only the last step of a branch may be several convolutions"),
    ({"pooling": "mean"}, "`pooling` must be None or one of .*Received: 'mean'"),
    ({"pool_filters": 0}, "`pool_filters` must be a positive int. Received: pool_filters=0"),
    ({"pool_size": 2}, "`pool_size` must be odd. Received: pool_size=.2, 2."),
    (
        {"pool_size": 1, "strides": 2},
        "`pool_size` must not be below `strides`.*Received: pool_size=.1, 1., strides=.2, 2.",
    ),
    ({"padding": 2}, "`padding` leaves pooling windows with nothing but padding.*largest window is .3, 3."),
]


@pytest.mark.parametrize("arguments, message", BAD, ids=[message[:40] for _, message in BAD])
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        blocks.InceptionBlock(**{"branches": [[(8, 1)], [(4, 1), (8, 3)]], **arguments})


def test_an_input_that_is_too_small():
    with pytest.raises(ValueError, match="the largest window is larger than the .padded. input"):
        FORMS["reduction"]()(np.ones([1, 2, 9, 4], "float32"))
