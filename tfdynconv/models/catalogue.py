"""The networks whose parameters and multiply-adds are published, and how each is built here."""

import dataclasses
from collections.abc import Callable
from functools import partial

from tfdynconv.models.convolutions import condconv, drconv, dynamic_conv, odconv
from tfdynconv.models.dy_mobile import dy_mobile
from tfdynconv.models.efficientnet import efficientnet
from tfdynconv.models.mobilenet_v1 import mobilenet_v1
from tfdynconv.models.mobilenet_v2 import mobilenet_v2
from tfdynconv.models.resnet import resnet
from tfdynconv.models.shufflenet_v2 import shufflenet_v2


@dataclasses.dataclass(frozen=True)
class Network:
    """A published network.

    name: as in the table.
    build: makes the model, for images of 224x224.
    parameters, multiply_adds: as printed, such as `"4.94M"`; with a star where the publication itself was not seen, but others
        who quote it; None where nothing is printed.
    source: who prints them.
    """

    name: str
    build: Callable
    parameters: str | None
    multiply_adds: str | None
    source: str


def last_blocks(count, *roles):
    """CondConv's rule: the last blocks, shortcuts left alone, and these other places."""

    def where(place):
        in_block = place.block is not None and place.from_the_end <= count and place.role != "shortcut"
        return in_block or place.role in roles

    return where


def late_stages(place):
    """The stages of EfficientNet that CondConv's authors replace."""
    return place.stage is not None and place.stage >= 5


def conditional(count, *roles):
    return condconv(last_blocks(count, *roles))


OMNI, COND, COMPARED = "ODConv repository", "CondConv repository", "ODConv paper, comparison"
REGIONS = "DRConv repository, parameters by its code"

IN_ORDER = (
    Network("MobileNetV1", mobilenet_v1, "4.2M*", "569M*", "MobileNets paper"),
    Network("MobileNetV2 1.0", partial(mobilenet_v2, width=1.0), "3.50M", "300.8M", OMNI),
    Network("MobileNetV2 0.75", partial(mobilenet_v2, width=0.75), "2.64M", "209.1M", OMNI),
    Network("MobileNetV2 0.5", partial(mobilenet_v2, width=0.5), "1.97M", "97.1M", OMNI),
    Network("ResNet-18", partial(resnet, 18, strided="1x1"), "11.69M", "1.814G", OMNI),
    Network("ResNet-50", partial(resnet, 50, strided="1x1"), "25.56M", "3.858G", OMNI),
    Network("ResNet-101", partial(resnet, 101, strided="1x1"), "44.55M", "7.570G", OMNI),
    Network("EfficientNet-B0", efficientnet, "5.3M", "391M", COND),
    Network("ShuffleNetV2 0.5", partial(shufflenet_v2, width=0.5), None, "41M*", "ShuffleNet V2 paper"),
    Network("EfficientNet-B0, CondConv n=4", lambda: efficientnet(condconv(late_stages, 4)), "13.3M", "402M", COND),
    Network("EfficientNet-B0, CondConv n=8", lambda: efficientnet(condconv(late_stages, 8)), "24.0M", "413M", COND),
    Network(
        "EfficientNet-B0 of B1's depth, CondConv n=8",
        lambda: efficientnet(condconv(late_stages, 8), depth=1.1),
        "39.7M",
        "614M",
        COND,
    ),
    Network(
        "MobileNetV1, CondConv n=8", lambda: mobilenet_v1(conditional(7, "classifier")), None, "600M*", "CondConv paper"
    ),
    Network(
        "MobileNetV2 1.0, CondConv n=8",
        lambda: mobilenet_v2(conditional(11, "head", "classifier"), 1.0),
        "27.5M*",
        "329M*",
        "CondConv paper",
    ),
    Network(
        "MobileNetV2 0.5, CondConv n=8",
        lambda: mobilenet_v2(conditional(11, "head", "classifier"), 0.5),
        "15.5M*",
        "113M*",
        "CondConv paper",
    ),
    Network(
        "ResNet-50, CondConv n=8", lambda: resnet(50, conditional(3, "classifier")), None, "4.213G*", "CondConv paper"
    ),
    Network("ResNet-18, CondConv n=8", lambda: resnet(18, conditional(3, "classifier")), "81.35M*", None, COMPARED),
    Network(
        "MobileNetV2 1.0, CondConv n=8 in 6 blocks",
        lambda: mobilenet_v2(conditional(6, "classifier")),
        "22.88M*",
        None,
        COMPARED,
    ),
    Network("ResNet-18, DynamicConv K=4", lambda: resnet(18, dynamic_conv()), "45.47M*", "1.861G*", COMPARED),
    Network(
        "ResNet-50, DynamicConv K=4", lambda: resnet(50, dynamic_conv(), strided="1x1"), "100.88M*", "3.965G*", COMPARED
    ),
    Network("MobileNetV2 1.0, DynamicConv K=4", lambda: mobilenet_v2(dynamic_conv()), "12.40M*", "317.1M*", COMPARED),
    Network("Dy-mobile 1.0", dy_mobile, None, "135M*", "DyNet paper, abstract"),
    Network("MobileNetV2 1.0, ODConv n=1", lambda: mobilenet_v2(odconv(1), 1.0), "4.94M", "311.8M", OMNI),
    Network("MobileNetV2 1.0, ODConv n=4", lambda: mobilenet_v2(odconv(4), 1.0), "11.51M", "327.1M", OMNI),
    Network("MobileNetV2 0.75, ODConv n=1", lambda: mobilenet_v2(odconv(1), 0.75), "3.51M", "217.1M", OMNI),
    Network("MobileNetV2 0.75, ODConv n=4", lambda: mobilenet_v2(odconv(4), 0.75), "7.50M", "226.3M", OMNI),
    Network("MobileNetV2 0.5, ODConv n=1", lambda: mobilenet_v2(odconv(1), 0.5), "2.43M", "101.8M", OMNI),
    Network("MobileNetV2 0.5, ODConv n=4", lambda: mobilenet_v2(odconv(4), 0.5), "4.44M", "106.4M", OMNI),
    Network("ResNet-18, ODConv n=1", lambda: resnet(18, odconv(1), strided="1x1"), "11.94M", "1.838G", OMNI),
    Network("ResNet-18, ODConv n=4", lambda: resnet(18, odconv(4), strided="1x1"), "44.90M", "1.916G", OMNI),
    Network("ResNet-50, ODConv n=1", lambda: resnet(50, odconv(1), strided="1x1"), "28.64M", "3.916G", OMNI),
    Network("ResNet-50, ODConv n=4", lambda: resnet(50, odconv(4), strided="1x1"), "90.67M", "4.080G", OMNI),
    Network("ResNet-101, ODConv n=1", lambda: resnet(101, odconv(1), strided="1x1"), "50.82M", "7.675G", OMNI),
    Network("ResNet-101, ODConv n=2", lambda: resnet(101, odconv(2), strided="1x1"), "90.44M", "7.802G", OMNI),
    Network(
        "ShuffleNetV2 0.5, DRConv m=8", lambda: shufflenet_v2(drconv(), 0.5, use_bias=True), "2,293,792", "46M", REGIONS
    ),
    Network(
        "ShuffleNetV2 1.0, DRConv m=8", lambda: shufflenet_v2(drconv(), 1.0, use_bias=True), "7,273,976", None, REGIONS
    ),
    Network(
        "ShuffleNetV2 1.5, DRConv m=8", lambda: shufflenet_v2(drconv(), 1.5, use_bias=True), "14,778,656", None, REGIONS
    ),
)

NETWORKS = {network.name: network for network in IN_ORDER}

LEFT_OUT = (
    "the networks of the Dynamic Convolution paper itself (which layers it replaces is not known to the digit; the ODConv "
    "authors' are in the table)",
    "CondConv's MnasNet-A1",
    "parameters of DyNet's networks, which are not published",
    "DRConv's tables but for ShuffleNetV2",
    "AlexNet with versatile filters",
)
