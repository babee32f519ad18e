"""Parameters and multiply-adds of the papers' networks, to the last digit that is known of them.

The sums by the publications' rules count the pooling of attentions too, which `cost` leaves out as all of this package does;
`networks.pooling` adds it here.
"""

import math

import keras
import pytest

from tests.models import networks
from tfdynconv import models
from tfdynconv.layers import ODConv2D
from tfdynconv.layers.cost import counted, is_counted
from tfdynconv.models import table
from tfdynconv.models.catalogue import NETWORKS
from tfdynconv.models.cost import input_shape

# Parameters; multiply-adds, or the digits known of their millions with pooling counted. None: not known.
EXACT = {
    "MobileNetV1": (4_231_976, 568_740_352),
    "MobileNetV2 1.0": (3_504_872, 300_774_272),
    "MobileNetV2 0.75": (2_636_424, 209_069_792),
    "MobileNetV2 0.5": (1_968_680, 97_131_840),
    "ResNet-18": (11_689_512, 1_814_073_344),
    "ResNet-50": (25_557_032, 3_857_973_248),
    "ResNet-101": (44_549_160, 7_570_194_432),
    "EfficientNet-B0": (5_288_548, "385.8"),
    "ShuffleNetV2 0.5": (None, "40.5"),
    "EfficientNet-B0, CondConv n=4": (13_314_116, 396_513_888),
    "EfficientNet-B0, CondConv n=8": (24_013_284, 407_213_024),
    "EfficientNet-B0 of B1's depth, CondConv n=8": (39_715_968, 606_131_552),
    "MobileNetV1, CondConv n=8": (31_884_136, "601.0"),  # 568.740 and 32.249
    "MobileNetV2 1.0, CondConv n=8": (27_450_768, "328.3"),
    "MobileNetV2 0.5, CondConv n=8": (15_502_256, "112.7"),
    "ResNet-50, CondConv n=8": (129_865_800, "4208.8"),  # 4089.184 and 119.6
    "ResNet-18, CondConv n=8": (81_346_120, None),
    "MobileNetV2 1.0, CondConv n=8 in 6 blocks": (22_878_496, None),
    "ResNet-18, DynamicConv K=4": (45_471_092, "1861.044480"),
    "ResNet-50, DynamicConv K=4": (100_872_440, "3967"),
    "MobileNetV2 1.0, DynamicConv K=4": (12_400_596, "318.5"),
    "Dy-mobile 1.0": (None, None),
    "MobileNetV2 1.0, ODConv n=1": (4_940_185, "319.45"),
    "MobileNetV2 1.0, ODConv n=4": (11_512_149, "328.15"),
    "MobileNetV2 0.75, ODConv n=1": (3_507_113, "225.16"),
    "MobileNetV2 0.75, ODConv n=4": (7_496_013, "230.43"),
    "MobileNetV2 0.5, ODConv n=1": (2_425_537, "106.95"),
    "MobileNetV2 0.5, ODConv n=4": (4_435_501, "109.60"),
    "ResNet-18, ODConv n=1": (11_943_944, "1830.2"),
    "ResNet-18, ODConv n=4": (44_901_640, "1863.1"),
    "ResNet-50, ODConv n=1": (28_635_112, "3897.4"),
    "ResNet-50, ODConv n=4": (90_670_888, "3968.8"),
    "ResNet-101, ODConv n=1": (50_818_769, "7638.1"),
    "ResNet-101, ODConv n=2": (90_441_623, "7696.0"),
    "ShuffleNetV2 0.5, DRConv m=8": (2_293_792, "50.10"),
    "ShuffleNetV2 1.0, DRConv m=8": (7_273_976, "193.47"),
    "ShuffleNetV2 1.5, DRConv m=8": (14_778_656, "404.75"),
}
QUICK = {
    "MobileNetV2 0.5",
    "ResNet-18, ODConv n=1",
    "ShuffleNetV2 0.5, DRConv m=8",
}
# How far ours may be from the published multiply-adds; elsewhere half a percent.
TOLERANCES = {
    "ShuffleNetV2 0.5": 0.013,  # 40.48M; printed are two digits
    "EfficientNet-B0": 0.015,  # pooling, gates and swish are counted there, some 5M
    "EfficientNet-B0, CondConv n=4": 0.015,
    "EfficientNet-B0, CondConv n=8": 0.015,
    "EfficientNet-B0 of B1's depth, CondConv n=8": 0.015,
    "MobileNetV2 1.0, DynamicConv K=4": 0.017,  # with pooling 318.5M against 317.1M
    "Dy-mobile 1.0": 0.011,
    "ShuffleNetV2 0.5, DRConv m=8": 0.09,  # what the released code costs is not what is published
}


def sampled(names):
    return [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in names]


def test_every_network_stands_here():
    assert list(NETWORKS) == list(EXACT)


@pytest.mark.parametrize("name", sampled(EXACT))
def test_counts(name):
    model, (parameters, adds) = NETWORKS[name].build(), EXACT[name]
    found = models.cost(model)
    assert parameters in (None, found[0])
    if isinstance(adds, str):
        digits = len(adds.partition(".")[2])
        assert f"{(found[1] + networks.pooling(model)) / 1e6:.{digits}f}" == adds
    else:
        assert adds in (None, found[1])
    published(name, *found, model)


def published(name, parameters, adds, model):
    network = NETWORKS[name]
    if network.parameters is not None:
        assert abs(table.difference(parameters, network.parameters)) < 1e-4
    if network.multiply_adds is not None:
        adds = omni_rule(model) if "ODConv" in name else adds
        tolerance = 0.0035 if "ODConv" in name else TOLERANCES.get(name, 0.005)
        assert abs(table.difference(adds, network.multiply_adds)) < tolerance


def omni_rule(model):
    """The rule of the table's notes, which gives what ODConv's authors print."""
    count = next(layer.num_kernels for layer in model.layers if isinstance(layer, ODConv2D))
    total = 0
    for layer in model.layers:
        is_omni = isinstance(layer, ODConv2D)
        if is_omni or layer.name.endswith("downsample.0"):  # shortcuts count, though they are static
            weights = math.prod(layer.kernel.shape[1:] if is_omni else layer.kernel.shape)
            total += math.prod(layer.output.shape[1:3]) * weights + math.prod(input_shape(layer)[1:])
            total += (2 if count == 1 else 2 * count + 1) * weights
        else:
            total += counted(layer, input_shape(layer)) if is_counted(layer) else 0
    return total


def test_dy_mobile():
    """The 134.5M that we know of count pooling and leave out the 2.9M products that fuse kernels."""
    model = NETWORKS["Dy-mobile 1.0"].build()
    blocks = [layer for layer in model.layers if hasattr(layer, "width")]
    shapes = [(layer.input.shape, layer.width()) for layer in blocks]
    fusing = sum(6 * (x[-1] + 9 * 6 + width) * width for x, width in shapes)
    pooling = sum(math.prod(x[1:]) for x, _ in shapes)
    adds = models.cost(model)[1]
    assert (len(blocks), fusing, f"{(adds - fusing + pooling) / 1e6:.1f}") == (17, 2_897_208, "134.5")


def test_a_size_that_is_not_known():
    with pytest.raises(ValueError, match="Give the model's Input a height and a width"):
        models.cost(models.mobilenet_v1(input_shape=(None, None, 3)))


def test_channels_first():
    layers = [
        keras.Input([3, 8, 6]),
        keras.layers.Conv2D(4, 3, strides=2, data_format="channels_first", padding="same"),
    ]
    assert models.cost(keras.Sequential(layers)) == (4 * 27 + 4, 4 * 3 * 4 * 27)
