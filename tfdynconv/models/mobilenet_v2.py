"""MobileNetV2 (arXiv 1801.04381), its layers named as in torchvision."""

import keras

from tfdynconv.models.frame import Frame, image

# expansion, channels, blocks, stride of the first
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


def scaled(channels, width):
    """The nearest multiple of 8, but not below nine tenths."""
    wanted = channels * width
    nearest = max(8, int(wanted + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * wanted else nearest


def mobilenet_v2(
    convolutions=None,
    width=1.0,
    input_shape=(224, 224, 3),
    classes=1000,
    classifier_activation="softmax",
    dropout=0.0,
    padding="symmetric",
    stages=STAGES,
    weights=None,
    name="mobilenet_v2",
):
    """MobileNetV2: inverted residuals, 17 blocks.

    Args:
        convolutions: as in `mobilenet_v1`; a block has roles `"expand"`, `"depthwise"` and `"project"`.
        width: factor of all channels; the last 1280 grow with it but do not shrink.
        stages: (expansion, channels, blocks, stride of the first) of each stage.
        weights: what `load_published` takes, or None for random ones.
        input_shape, classes, classifier_activation, dropout, padding, name: as in `mobilenet_v1`.

    Reference: Sandler et al., MobileNetV2, arXiv 1801.04381.

    >>> import tfdynconv
    >>> omni = tfdynconv.models.odconv(num_kernels=4, temperature=30.0)
    >>> model = tfdynconv.models.mobilenet_v2(omni, width=0.5, input_shape=(32, 32, 3), classes=10)
    >>> type(model.get_layer("features.2.conv.1.0")).__name__
    'ODConv2D'
    """
    frame = Frame(convolutions, padding, blocks=sum(blocks for _, _, blocks, _ in stages))
    inputs = image(input_shape)
    x = frame.conv(inputs, "stem", scaled(32, width), 3, "features.0.0", strides=2)
    x = frame.norm(x, "features.0.1", "relu6")
    number = 0
    for stage, (expansion, channels, blocks, first) in enumerate(stages, 1):
        for index in range(blocks):
            number += 1
            strides, prefix = first if index == 0 else 1, f"features.{number}."
            x = inverted_residual(frame, x, stage, expansion, scaled(channels, width), strides, prefix)
    name_of_head = f"features.{number + 1}"
    x = frame.conv(x, "head", scaled(1280, max(1.0, width)), 1, f"{name_of_head}.0")
    x = frame.norm(x, f"{name_of_head}.1", "relu6")
    return frame.finish(inputs, x, classes, classifier_activation, dropout, "classifier.1", name, weights)


def inverted_residual(frame, x, stage, expansion, filters, strides, prefix):
    before, position = x, 0
    frame.begin(stage, x, prefix)
    if expansion > 1:
        x = frame.conv(x, "expand", expansion * x.shape[-1], 1, f"{prefix}conv.0.0")
        x = frame.norm(x, f"{prefix}conv.0.1", "relu6")
        position = 1
    x = frame.depthwise(x, "depthwise", 3, f"{prefix}conv.{position}.0", strides)
    x = frame.norm(x, f"{prefix}conv.{position}.1", "relu6")
    x = frame.conv(x, "project", filters, 1, f"{prefix}conv.{position + 1}")
    x = frame.norm(x, f"{prefix}conv.{position + 2}")
    if strides == 1 and before.shape[-1] == filters:
        return keras.layers.Add(name=f"{prefix}add")([before, x])
    return x
