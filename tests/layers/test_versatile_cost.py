"""What versatile filters cost: the paper's formulas, and the totals of the published networks."""

import math

import pytest

from tfdynconv import VersatileConv2D

C, CO, CELLS = 6, 24, 7 * 5
COSTS = {
    "3x3": ({}, (9 * C * 12 + CO, CELLS * C * 12 * (9 + 1))),
    "4x4": ({"kernel_size": 4, "padding": ((0, 1), (1, 0))}, (16 * C * 12 + CO, CELLS * C * 12 * (16 + 4))),
    "5x5": ({"kernel_size": 5, "padding": 1}, (25 * C * 8 + CO, CELLS * C * 8 * (25 + 9 + 1))),
    "7x7": ({"kernel_size": 7, "padding": 2}, (49 * C * 6 + CO, CELLS * C * 6 * (49 + 25 + 9 + 1))),
    "groups": ({"groups": 2, "use_bias": False}, (9 * 3 * 12, CELLS * 3 * 12 * 10)),
    "channel": ({"direction": "channel", "channel_window": 5}, (9 * C * 12 + CO, CELLS * 5 * CO * 9)),
    "both": ({"channel_window": 4, "channel_stride": 2}, (9 * C * 6 + CO, CELLS * 4 * 12 * (9 + 1))),
    "learned": ({"direction": "learned", "num_masks": 4}, (9 * C * 6 + CO, CELLS * C * CO * 9)),
    "sum": ({"combine": "sum"}, (9 * C * CO + CO, CELLS * C * CO * 9)),
}


def built(layer, input_shape):
    """Weights without the learned masks' proxies, which exist only for training; and those."""
    layer.build(input_shape)
    sizes = {True: 0, False: 0}
    for weight in layer.trainable_weights:
        sizes["proxy" in weight.name] += math.prod(weight.shape)
    return sizes[False], sizes[True]


@pytest.mark.parametrize("given, wanted", COSTS.values(), ids=COSTS)
def test_cost(given, wanted):
    layer = VersatileConv2D(**{"filters": CO, "kernel_size": 3, **given})
    assert layer.cost((None, 9, 7, C)) == wanted
    assert built(layer, (None, 9, 7, C))[0] == wanted[0]


@pytest.mark.parametrize("strides, cells", [(1, 14 * 11), (2, 7 * 6)])
@pytest.mark.parametrize("d", [1, 2, 3, 4, 5, 7, 11])
def test_spatial_formulas(d, strides, cells):
    """`d d c co / s + co` parameters, `Ho Wo c (co / s) sum over i < s of (d - 2i)^2` multiply-adds."""
    s, c = math.ceil(d / 2), 8
    co = 5 * s
    layer = VersatileConv2D(co, d, strides=strides, padding="same")
    multiplied = sum((d - 2 * i) ** 2 for i in range(s))
    assert layer.cost((None, 14, 11, c)) == (d * d * c * co // s + co, cells * c * (co // s) * multiplied)


@pytest.mark.parametrize("side, share", [(3, 0.556), (5, 0.467), (7, 0.429), (11, 0.394)])
def test_published_share_of_the_multiply_adds(side, share):
    windows = (side + 1) // 2
    ours = VersatileConv2D(windows, side, padding="same").cost((None, 14, 14, 8))[1]
    assert round(ours / (windows * side * side * 8 * 14 * 14), 3) == share


@pytest.mark.parametrize("reading", ["sliding", "masked"])
@pytest.mark.parametrize("c, window, stride", [(16, 15, 1), (64, 60, 4), (12, 4, 2), (8, 8, 1)])
def test_channel_formulas(c, window, stride, reading):
    """A convolution's parameters divided by the uses n of each filter, its multiply-adds times `window / c`."""
    n = (c - window) // stride + 1
    given = {"channel_window": window, "channel_stride": stride, "channel_filter": reading, "use_bias": False}
    layer = VersatileConv2D(6 * n, 3, padding="same", direction="channel", **given)
    kernel = 9 * c * 6 * n
    assert layer.cost((None, 7, 5, c)) == (kernel // n, 35 * kernel * window // c)


@pytest.mark.parametrize("shared", [False, True])
def test_bits_of_the_learned_masks(shared):
    """One for each entry of s masks, `s d d c` shared by all primary filters; `k s d d c` where each of k has its own."""
    k, s, d, c = 5, 3, 3, 8
    layer = VersatileConv2D(k * s, d, direction="learned", num_masks=s, shared_masks=shared)
    assert built(layer, (None, 7, 7, c)) == (k * d * d * c + k * s, s * d * d * c * (1 if shared else k))


# ResNet-50 with the stride in the 3x3: times, kernel, stride, channels, filters, side of the input.
STEM = (1, 7, 2, 3, 64, 224)
BLOCKS = (
    (1, 1, 1, 64, 64, 56),
    (2, 1, 1, 256, 64, 56),
    (3, 3, 1, 64, 64, 56),
    (3, 1, 1, 64, 256, 56),
    (1, 1, 1, 64, 256, 56),  # the shortcut
    (1, 1, 1, 256, 128, 56),
    (3, 1, 1, 512, 128, 28),
    (1, 3, 2, 128, 128, 56),
    (3, 3, 1, 128, 128, 28),
    (4, 1, 1, 128, 512, 28),
    (1, 1, 2, 256, 512, 56),
    (1, 1, 1, 512, 256, 28),
    (5, 1, 1, 1024, 256, 14),
    (1, 3, 2, 256, 256, 28),
    (5, 3, 1, 256, 256, 14),
    (6, 1, 1, 256, 1024, 14),
    (1, 1, 2, 512, 1024, 28),
    (1, 1, 1, 1024, 512, 14),
    (2, 1, 1, 2048, 512, 7),
    (1, 3, 2, 512, 512, 14),
    (2, 3, 1, 512, 512, 7),
    (3, 1, 1, 512, 2048, 7),
    (1, 1, 2, 1024, 2048, 14),
)
CLASSIFIER = (1, 1, 1, 2048, 1000, 1)


def static(channels):
    """One run of all channels: what `Conv2D` costs."""
    return {"direction": "channel", "channel_window": channels}


def spatial(channels):
    return {}


def both(channels):
    """Spatial windows, and two runs of channels a sixteenth of them apart."""
    return {"channel_window": channels - channels // 16, "channel_stride": channels // 16}


# The stem and the blocks; MB (cut off after a digit) and billions of FLOPs as published; MiB and billions by the formulas.
RESNETS = {
    "ResNet50": (static, static, 97.2, 4.1, 97.29, 4.089),
    "Versatile-v1-ResNet50": (spatial, spatial, 75.6, 3.2, 75.67, 3.200),
    "Versatile-v2-ResNet50": (spatial, both, 41.7, 3.0, 41.75, 3.003),
}


def total(rows, form, use_bias=False):
    """Parameters and multiply-adds of the rows' layers; nothing is built."""
    sums = [0, 0]
    for times, kernel, stride, channels, filters, side in rows:
        layer = VersatileConv2D(filters, kernel, stride, "same", use_bias=use_bias, **form(channels))
        for i, cost in enumerate(layer.cost((None, side, side, channels))):
            sums[i] += times * cost
    return sums


@pytest.mark.parametrize("stem, blocks, mb, flops, mib, giga", RESNETS.values(), ids=RESNETS)
def test_published_resnets(stem, blocks, mb, flops, mib, giga):
    """Memory is four bytes for each weight of a convolution or of the classifier, which stays as it is."""
    parts = total([STEM], stem), total(BLOCKS, blocks), total([CLASSIFIER], static)
    parameters, multiply_adds = map(sum, zip(*parts))
    memory = 4 * parameters / 2**20
    assert (math.floor(10 * memory) / 10, round(memory, 2)) == (mb, mib)
    assert (round(multiply_adds / 1e9, 1), round(multiply_adds / 1e9, 3)) == (flops, giga)


def test_the_static_row_is_resnet50():
    """To the last digit of the sums that the literature prints; parameters with the bias and batch normalisation."""
    rows = (STEM, *BLOCKS)
    parameters, multiply_adds = total((*rows, CLASSIFIER), static)
    normalisation = sum(2 * times * filters for times, _, _, _, filters, _ in rows)
    assert sum(times for times, *_ in rows) == 53
    assert (parameters + normalisation + 1000, multiply_adds) == (25_557_032, 4_089_184_256)


# VGG-16 as the authors' code builds it; fc6 to fc8 as convolutions.
VGG16 = (
    (1, 3, 1, 3, 64, 224),
    (1, 3, 1, 64, 64, 224),
    (1, 3, 1, 64, 128, 112),
    (1, 3, 1, 128, 128, 112),
    (1, 3, 1, 128, 256, 56),
    (2, 3, 1, 256, 256, 56),
    (1, 3, 1, 256, 512, 28),
    (2, 3, 1, 512, 512, 28),
    (3, 3, 1, 512, 512, 14),
    (1, 7, 1, 512, 4096, 7),
    (1, 1, 1, 4096, 4096, 1),
    (1, 1, 1, 4096, 1000, 1),
)


def test_published_vgg16():
    """All convolutions and fc6 have spatial windows; everything has a bias."""
    assert total(VGG16, spatial, use_bias=True)[0] == 53_931_976
