"""ResNet-50 in the layout of `torchvision` (stride on the 3x3 convolution), its convolutions handed in, its weights random."""

import keras

import tfdynconv

STAGES = [(64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)]  # width, blocks, stride of the first


def static(x, filters, kernel_size, strides):
    return keras.layers.Conv2D(filters, kernel_size, strides=strides, padding="same", use_bias=False)(x)


def omni(num_kernels):
    """ODConv in the place of every convolution but the stem and the shortcuts'."""

    def convolve(x, filters, kernel_size, strides):
        return tfdynconv.ODConv2D(
            filters, kernel_size, strides=strides, padding="same", use_bias=False, num_kernels=num_kernels
        )(x)

    return convolve


def network(convolve, size=224, stages=STAGES, classes=1000):
    """The model; `convolve(x, filters, kernel_size, strides)` adds a convolution without a bias."""

    def normalized(x, activate=True):
        x = keras.layers.BatchNormalization()(x)
        return keras.layers.ReLU()(x) if activate else x

    inputs = keras.Input([size, size, 3])
    x = normalized(static(inputs, 64, 7, 2))
    x = keras.layers.MaxPooling2D(3, strides=2, padding="same")(x)
    for width, blocks, first in stages:
        for index in range(blocks):
            strides = first if index == 0 else 1
            shortcut = x if index else normalized(static(x, 4 * width, 1, strides), activate=False)
            x = normalized(convolve(x, width, 1, 1))
            x = normalized(convolve(x, width, 3, strides))
            x = normalized(convolve(x, 4 * width, 1, 1), activate=False)
            x = keras.layers.ReLU()(keras.layers.Add()([x, shortcut]))
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, keras.layers.Dense(classes, activation="softmax")(x))
