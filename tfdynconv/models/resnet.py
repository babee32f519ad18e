"""ResNet (arXiv 1512.03385), its layers named as in torchvision."""

import keras

from tfdynconv.models.frame import Frame, image

DEPTHS = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
WIDTHS = (64, 128, 256, 512)


def resnet(
    depth=50,
    convolutions=None,
    input_shape=(224, 224, 3),
    classes=1000,
    classifier_activation="softmax",
    dropout=0.0,
    padding="symmetric",
    strided="3x3",
    weights=None,
    name=None,
):
    """ResNet-18, 50 or 101.

    Args:
        depth: 18, 50 or 101.
        convolutions: as in `mobilenet_v1`; a residual block has roles `"conv"` and `"shortcut"`.
        strided: which convolution of a bottleneck has the stride, `"3x3"` (torchvision's and the released weights') or
            `"1x1"`, the first one (the original's, and that of the multiply-adds which the papers print).
        weights: as in `mobilenet_v2`.
        input_shape, classes, classifier_activation, dropout, padding, name: as in `mobilenet_v1`.

    Raises:
        ValueError: another depth, or another `strided`.

    Reference: He et al., Deep Residual Learning, arXiv 1512.03385.

    >>> import tfdynconv
    >>> model = tfdynconv.models.resnet(18, tfdynconv.models.odconv(), input_shape=(32, 32, 3), classes=10)
    >>> type(model.get_layer("layer2.0.downsample.0")).__name__  # a shortcut stays as it is
    'Conv2D'
    """
    if depth not in DEPTHS:
        raise ValueError(
            f"tfdynconv.models.resnet: `depth` must be one of {sorted(DEPTHS)}. Received: depth={depth!r}."
        )
    if strided not in ("3x3", "1x1"):
        raise ValueError(f"tfdynconv.models.resnet: `strided` must be '3x3' or '1x1'. Received: strided={strided!r}.")
    repeats = DEPTHS[depth]
    frame = Frame(convolutions, padding, blocks=sum(repeats))
    inputs = image(input_shape)
    x = frame.norm(frame.conv(inputs, "stem", 64, 7, "conv1", strides=2), "bn1", "relu")
    x = frame.max_pool(x, "maxpool")
    for stage, (width, blocks) in enumerate(zip(WIDTHS, repeats), 1):
        for index in range(blocks):
            strides = 2 if stage > 1 and index == 0 else 1
            windows = basic(width, strides) if depth == 18 else bottleneck(width, strides, strided)
            x = residual(frame, x, stage, windows, strides, f"layer{stage}.{index}.")
    return frame.finish(inputs, x, classes, classifier_activation, dropout, "fc", name or f"resnet{depth}", weights)


def basic(width, strides):
    """(filters, kernel size, strides) of each convolution."""
    return [(width, 3, strides), (width, 3, 1)]


def bottleneck(width, strides, strided):
    first, second = (strides, 1) if strided == "1x1" else (1, strides)
    return [(width, 1, first), (width, 3, second), (4 * width, 1, 1)]


def residual(frame, x, stage, windows, strides, prefix):
    before, filters = x, windows[-1][0]
    frame.begin(stage, x, prefix)
    for number, (width, kernel_size, steps) in enumerate(windows, 1):
        x = frame.conv(x, "conv", width, kernel_size, f"{prefix}conv{number}", steps)
        x = frame.norm(x, f"{prefix}bn{number}", "relu" if number < len(windows) else None)
    if strides > 1 or before.shape[-1] != filters:
        before = frame.conv(before, "shortcut", filters, 1, f"{prefix}downsample.0", strides)
        before = frame.norm(before, f"{prefix}downsample.1")
    x = keras.layers.Add(name=f"{prefix}add")([x, before])
    return frame.activate(x, "relu", f"{prefix}relu")
