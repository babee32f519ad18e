"""The networks whose parameters and multiply-adds are published, and how each is built here."""

import dataclasses
from collections.abc import Callable

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


OD, CC = "ODConv repository", "CondConv repository"
COMPARED, PAPER = "ODConv paper, comparison", "CondConv paper"


def static():
    yield Network("MobileNetV1", mobilenet_v1, "4.2M*", "569M*", "MobileNets paper")
    for width, parameters, multiply_adds in (
        (1.0, "3.50M", "300.8M"),
        (0.75, "2.64M", "209.1M"),
        (0.5, "1.97M", "97.1M"),
    ):
        yield Network(f"MobileNetV2 {width}", lambda w=width: mobilenet_v2(width=w), parameters, multiply_adds, OD)
    for depth, parameters, multiply_adds in (
        (18, "11.69M", "1.814G"),
        (50, "25.56M", "3.858G"),
        (101, "44.55M", "7.570G"),
    ):
        build = lambda d=depth: resnet(d, strided="1x1")  # noqa: E731
        yield Network(f"ResNet-{depth}", build, parameters, multiply_adds, OD)
    yield Network("EfficientNet-B0", efficientnet, "5.3M", "391M", CC)
    yield Network("ShuffleNetV2 0.5", lambda: shufflenet_v2(width=0.5), None, "41M*", "ShuffleNet V2 paper")


def condconv_networks():
    for experts, depth, name, parameters, multiply_adds in (
        (4, 1.0, "EfficientNet-B0", "13.3M", "402M"),
        (8, 1.0, "EfficientNet-B0", "24.0M", "413M"),
        (8, 1.1, "EfficientNet-B0 of B1's depth", "39.7M", "614M"),
    ):
        build = lambda n=experts, d=depth: efficientnet(condconv(late_stages, n), depth=d)  # noqa: E731
        yield Network(f"{name}, CondConv n={experts}", build, parameters, multiply_adds, CC)
    rule = last_blocks(7, "classifier")
    yield Network("MobileNetV1, CondConv n=8", lambda: mobilenet_v1(condconv(rule)), None, "600M*", PAPER)
    whole = last_blocks(11, "head", "classifier")
    for width, parameters, multiply_adds in ((1.0, "27.5M*", "329M*"), (0.5, "15.5M*", "113M*")):
        build = lambda w=width: mobilenet_v2(condconv(whole), width=w)  # noqa: E731
        yield Network(f"MobileNetV2 {width}, CondConv n=8", build, parameters, multiply_adds, PAPER)
    three, six = last_blocks(3, "classifier"), last_blocks(6, "classifier")
    yield Network("ResNet-50, CondConv n=8", lambda: resnet(50, condconv(three)), None, "4.213G*", PAPER)
    yield Network("ResNet-18, CondConv n=8", lambda: resnet(18, condconv(three)), "81.35M*", None, COMPARED)
    name = "MobileNetV2 1.0, CondConv n=8 in 6 blocks"
    yield Network(name, lambda: mobilenet_v2(condconv(six)), "22.88M*", None, COMPARED)


def dynamic_networks():
    build = lambda: resnet(18, dynamic_conv())  # noqa: E731
    yield Network("ResNet-18, DynamicConv K=4", build, "45.47M*", "1.861G*", COMPARED)
    build = lambda: resnet(50, dynamic_conv(), strided="1x1")  # noqa: E731
    yield Network("ResNet-50, DynamicConv K=4", build, "100.88M*", "3.965G*", COMPARED)
    build = lambda: mobilenet_v2(dynamic_conv())  # noqa: E731
    yield Network("MobileNetV2 1.0, DynamicConv K=4", build, "12.40M*", "317.1M*", COMPARED)
    yield Network("Dy-mobile 1.0", dy_mobile, None, "135M*", "DyNet paper, abstract")


def odconv_networks():
    for width, kernels, parameters, multiply_adds in (
        (1.0, 1, "4.94M", "311.8M"),
        (1.0, 4, "11.51M", "327.1M"),
        (0.75, 1, "3.51M", "217.1M"),
        (0.75, 4, "7.50M", "226.3M"),
        (0.5, 1, "2.43M", "101.8M"),
        (0.5, 4, "4.44M", "106.4M"),
    ):
        build = lambda w=width, n=kernels: mobilenet_v2(odconv(n), width=w)  # noqa: E731
        yield Network(f"MobileNetV2 {width}, ODConv n={kernels}", build, parameters, multiply_adds, OD)
    for depth, kernels, parameters, multiply_adds in (
        (18, 1, "11.94M", "1.838G"),
        (18, 4, "44.90M", "1.916G"),
        (50, 1, "28.64M", "3.916G"),
        (50, 4, "90.67M", "4.080G"),
        (101, 1, "50.82M", "7.675G"),
        (101, 2, "90.44M", "7.802G"),
    ):
        build = lambda d=depth, n=kernels: resnet(d, odconv(n), strided="1x1")  # noqa: E731
        yield Network(f"ResNet-{depth}, ODConv n={kernels}", build, parameters, multiply_adds, OD)


def drconv_networks():
    source = "DRConv repository, parameters by its code"
    for width, parameters, multiply_adds in (
        (0.5, "2,293,792", "46M"),
        (1.0, "7,273,976", None),
        (1.5, "14,778,656", None),
    ):
        build = lambda w=width: shufflenet_v2(drconv(), width=w, use_bias=True)  # noqa: E731
        yield Network(f"ShuffleNetV2 {width}, DRConv m=8", build, parameters, multiply_adds, source)


NETWORKS = {
    network.name: network
    for family in (static, condconv_networks, dynamic_networks, odconv_networks, drconv_networks)
    for network in family()
}

LEFT_OUT = (
    "the networks of the Dynamic Convolution paper itself (which layers it replaces is not known to the digit; the ODConv authors' "
    "are in the table)",
    "CondConv's MnasNet-A1",
    "parameters of DyNet's networks, which are not published",
    "DRConv's tables but for ShuffleNetV2",
    "AlexNet with versatile filters",
)
