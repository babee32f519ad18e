"""EfficientNet-B0 (arXiv 1905.11946) in the form that CondConv's authors extend, its layers named as in timm."""

import math

import keras

from tfdynconv.models.frame import LAST, Frame, image

# blocks, kernel size, stride of the first, expansion, channels
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


def efficientnet(
    convolutions=None,
    depth=1.0,
    input_shape=(224, 224, 3),
    classes=1000,
    classifier_activation="softmax",
    dropout=0.25,
    drop_connect=0.2,
    padding="same",
    weights=None,
    name="efficientnet_b0",
):
    """EfficientNet-B0, or deeper at the same width.

    Args:
        convolutions: as in `mobilenet_v1`; a block has roles `"expand"`, `"depthwise"` and `"project"`. The 1x1 convolutions of
            squeeze and excitation are always static.
        depth: factor of the number of blocks of a stage, rounded up; 1.1 makes CondConv's B1-depth.
        drop_connect: rate at which the last residual block is left out in training; the first is never, those between in
            proportion.
        weights: as in `mobilenet_v2`; for timm's, images are scaled to [-1, 1].
        input_shape, classes, classifier_activation, dropout, padding, name: as in `mobilenet_v1`; this network comes from
            TensorFlow, and so does its padding.

    Reference: Tan and Le, EfficientNet, arXiv 1905.11946; Yang et al., CondConv, arXiv 1904.04971.

    >>> import tfdynconv
    >>> late = tfdynconv.models.condconv(lambda place: (place.stage or 0) >= 5, num_experts=4)
    >>> model = tfdynconv.models.efficientnet(late, input_shape=(32, 32, 3), classes=10)
    >>> tuple(model.get_layer("blocks.6.0.routing_fn").output.shape)
    (None, 4)
    """
    stages = [(math.ceil(round(depth * blocks, 6)), *rest) for blocks, *rest in STAGES]
    total = sum(blocks for blocks, *_ in stages)
    frame = Frame(convolutions, padding, blocks=total, epsilon=1e-3, momentum=0.99, kernels="tensorflow")
    inputs = image(input_shape)
    x = frame.norm(frame.conv(inputs, "stem", 32, 3, "conv_stem", strides=2), "bn1", "swish")
    number = 0
    for stage, (blocks, kernel_size, first, expansion, filters) in enumerate(stages):
        for index in range(blocks):
            window = (expansion, filters, kernel_size, first if index == 0 else 1)
            x = mbconv(frame, x, stage + 1, window, drop_connect * number / total, f"blocks.{stage}.{index}.")
            number += 1
    x = frame.norm(frame.conv(x, "head", 1280, 1, "conv_head"), "bn2", "swish")
    return frame.finish(inputs, x, classes, classifier_activation, dropout, "classifier", name, weights)


def mbconv(frame, x, stage, window, drop, prefix):
    expansion, filters, kernel_size, strides = window
    before, channels, norms = x, x.shape[-1], iter((f"{prefix}bn1", f"{prefix}bn2", f"{prefix}bn3"))
    frame.begin(stage, x, prefix)
    if expansion > 1:
        x = frame.norm(frame.conv(x, "expand", expansion * channels, 1, f"{prefix}conv_pw"), next(norms), "swish")
    x = frame.depthwise(x, "depthwise", kernel_size, f"{prefix}conv_dw", strides)
    x = squeeze_excite(frame.norm(x, next(norms), "swish"), max(1, channels // 4), f"{prefix}se")
    x = frame.conv(x, "project", filters, 1, f"{prefix}conv_pw{'l' if expansion > 1 else ''}")
    x = frame.norm(x, next(norms))
    if strides > 1 or channels != filters:
        return x
    if drop:
        x = keras.layers.Dropout(drop, noise_shape=(None, 1, 1, 1), name=f"{prefix}drop")(x)
    return keras.layers.Add(name=f"{prefix}add")([x, before])


def squeeze_excite(x, hidden, prefix):
    gate = keras.layers.GlobalAveragePooling2D(data_format=LAST, keepdims=True, name=f"{prefix}.mean")(x)
    window = {"kernel_size": 1, "data_format": LAST}
    gate = keras.layers.Conv2D(hidden, activation="swish", name=f"{prefix}.conv_reduce", **window)(gate)
    gate = keras.layers.Conv2D(x.shape[-1], activation="sigmoid", name=f"{prefix}.conv_expand", **window)(gate)
    return keras.layers.Multiply(name=f"{prefix}.scale")([x, gate])
