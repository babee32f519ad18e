"""ShuffleNetV2 (arXiv 1807.11164)."""

import keras

from tfdynconv.models.frame import Frame, image
from tfdynconv.models.parity_split import ParitySplit

WIDTHS = {0.5: (48, 96, 192), 1.0: (116, 232, 464), 1.5: (176, 352, 704)}
UNITS = (4, 8, 4)


def shufflenet_v2(
    convolutions=None,
    width=1.0,
    input_shape=(224, 224, 3),
    classes=1000,
    classifier_activation="softmax",
    dropout=0.0,
    padding="symmetric",
    use_bias=False,
    name="shufflenet_v2",
):
    """ShuffleNetV2 0.5, 1.0 or 1.5.

    Args:
        convolutions: as in `mobilenet_v1`; a unit is a block, the main branch has roles `"expand"`, `"depthwise"` and
            `"project"`, the other branch of a unit with stride 2 `"side"`. What a unit shares looks at the main branch's input.
        width: 0.5, 1.0 or 1.5.
        use_bias: of the first and the last convolution; DRConv's official network has them.
        input_shape, classes, classifier_activation, dropout, padding, name: as in `mobilenet_v1`.

    Raises:
        ValueError: another width.

    Reference: Ma et al., ShuffleNet V2, arXiv 1807.11164; Chen et al., DRConv, arXiv 2003.12243.

    >>> import tfdynconv
    >>> model = tfdynconv.models.shufflenet_v2(tfdynconv.models.drconv(), width=0.5, input_shape=(64, 64, 3), classes=10)
    >>> type(model.get_layer("unit1.expand")).__name__, tuple(model.get_layer("unit1.guide").output.shape)
    ('DRConv2D', (None, 16, 16, 8))
    """
    if width not in WIDTHS:
        raise ValueError(
            f"tfdynconv.models.shufflenet_v2: `width` must be one of {sorted(WIDTHS)}. Received: width={width!r}."
        )
    frame = Frame(convolutions, padding, blocks=sum(UNITS))
    inputs = image(input_shape)
    x = frame.norm(frame.conv(inputs, "stem", 24, 3, "stem", strides=2, use_bias=use_bias), "stem.bn", "relu")
    x = frame.max_pool(x, "maxpool")
    number = 0
    for stage, (filters, units) in enumerate(zip(WIDTHS[width], UNITS), 1):
        for index in range(units):
            number += 1
            x = unit(frame, x, stage, filters, 2 if index == 0 else 1, f"unit{number}.")
    x = frame.norm(frame.conv(x, "head", 1024, 1, "head", use_bias=use_bias), "head.bn", "relu")
    return frame.finish(inputs, x, classes, classifier_activation, dropout, "classifier", name)


def unit(frame, x, stage, filters, strides, prefix):
    if strides == 1:
        other, x = ParitySplit(name=f"{prefix}split")(x)
    else:
        other = x
    frame.begin(stage, x, prefix)
    middle, left = filters // 2, other.shape[-1]
    x = frame.norm(frame.conv(x, "expand", middle, 1, f"{prefix}expand"), f"{prefix}expand.bn", "relu")
    x = frame.norm(frame.depthwise(x, "depthwise", 3, f"{prefix}depthwise", strides), f"{prefix}depthwise.bn")
    x = frame.norm(frame.conv(x, "project", filters - left, 1, f"{prefix}project"), f"{prefix}project.bn", "relu")
    if strides > 1:
        other = frame.norm(frame.depthwise(other, "side", 3, f"{prefix}side.dw", strides), f"{prefix}side.dw.bn")
        other = frame.norm(frame.conv(other, "side", left, 1, f"{prefix}side.pw"), f"{prefix}side.pw.bn", "relu")
    return keras.layers.Concatenate(name=f"{prefix}concat")([other, x])
