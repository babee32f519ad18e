"""MobileNetV2 1.0 in the layout of `keras.applications`, its convolutions handed in, its weights random.

Its batch normalisations hold the statistics of random images, as after a training: ones and zeros would be folded away.
"""

import keras
import numpy as np

import tfdynconv

# expansion, channels, blocks, stride of the first
STAGES = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
ATTENTION = {"num_kernels": 4, "temperature": 1.0}


def static_pointwise(x, filters):
    return keras.layers.Conv2D(filters, 1, use_bias=False)(x)


def static_depthwise(x, strides):
    return keras.layers.DepthwiseConv2D(3, strides=strides, padding="same", use_bias=False)(x)


def dynamic_pointwise(x, filters):
    return tfdynconv.DynamicConv2D(filters, 1, use_bias=False, **ATTENTION)(x)


def dynamic_depthwise(x, strides):
    return tfdynconv.DepthwiseDynamicConv2D(3, strides=strides, padding="same", use_bias=False, **ATTENTION)(x)


def omni_pointwise(x, filters):
    return tfdynconv.ODConv2D(filters, 1, use_bias=False)(x)


def omni_depthwise(x, strides):
    channels = x.shape[-1]
    return tfdynconv.ODConv2D(channels, 3, strides=strides, padding="same", groups=channels, use_bias=False)(x)


# name: (1x1 convolutions, depthwise convolutions, the bars of float32 and of a bank in 8 bits)
NETWORKS = {
    "static": (static_pointwise, static_depthwise, (None, None)),
    "1x1 dynamic, K=4": (dynamic_pointwise, static_depthwise, (1.7, 1.4)),
    "depthwise dynamic too": (dynamic_pointwise, dynamic_depthwise, (1.9, 1.6)),
    "ODConv 1x in all but the first": (omni_pointwise, omni_depthwise, (1.6, 1.6)),
}


def network(pointwise, depthwise, size=224, stages=STAGES, classes=1000):
    """The model; `pointwise(x, filters)` and `depthwise(x, strides)` add a convolution without a bias."""

    def normalized(x, activate=True):
        x = keras.layers.BatchNormalization(epsilon=1e-3, momentum=0.0)(x)
        return keras.layers.ReLU(6.0)(x) if activate else x

    inputs = keras.Input([size, size, 3])
    x = normalized(keras.layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False)(inputs))
    for expansion, channels, blocks, first in stages:
        for strides in [first] + [1] * (blocks - 1):
            before = x
            if expansion > 1:
                x = normalized(pointwise(x, expansion * x.shape[-1]))
            x = normalized(depthwise(x, strides))
            x = normalized(pointwise(x, channels), activate=False)
            if strides == 1 and before.shape[-1] == channels:
                x = keras.layers.Add()([before, x])
    x = normalized(pointwise(x, 1280))
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, keras.layers.Dense(classes, activation="softmax")(x))
    model(np.random.default_rng(0).normal(size=[4, size, size, 3]).astype("float32"), training=True)
    return model
