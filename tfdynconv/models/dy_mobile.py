"""Dy-mobile, DyNet's own small network (arXiv 2004.10694)."""

from tfdynconv.blocks import DyMobileBlock
from tfdynconv.models.frame import Frame, image
from tfdynconv.models.mobilenet_v2 import STAGES


def dy_mobile(
    input_shape=(224, 224, 3),
    classes=1000,
    classifier_activation="softmax",
    dropout=0.0,
    group_size=6,
    name="dy_mobile",
):
    """Dy-mobile 1.0: MobileNetV2 with `tfdynconv.blocks.DyMobileBlock` in the place of its inverted residuals.

    Args:
        group_size: kernels that each filter is made of.
        input_shape, classes, classifier_activation, dropout, name: as in `mobilenet_v1`. The padding is TensorFlow's.

    Reference: Zhang et al., DyNet, arXiv 2004.10694. That stem and head are static and MobileNetV2's is our reading, which
    gives the published multiply-adds within half a percent.

    >>> import tfdynconv
    >>> tfdynconv.models.dy_mobile(input_shape=(32, 32, 3), classes=10).get_layer("block17").output.shape[-1]
    324
    """
    frame = Frame(None, "same")
    inputs = image(input_shape)
    x = frame.norm(frame.conv(inputs, "stem", 32, 3, "stem", strides=2), "stem.bn", "relu6")
    number = 0
    for _, channels, blocks, first in STAGES:
        for index in range(blocks):
            number += 1
            block = DyMobileBlock(channels, first if index == 0 else 1, group_size, name=f"block{number}")
            x = block(x)
    x = frame.norm(frame.conv(x, "head", 1280, 1, "head"), "head.bn", "relu6")
    return frame.finish(inputs, x, classes, classifier_activation, dropout, "classifier", name)
