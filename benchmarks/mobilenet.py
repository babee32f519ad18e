"""MobileNetV2 1.0 with several convolutions, its weights random.

Its batch normalisations hold the statistics of random images, as after a training: ones and zeros would be folded away.
"""

import keras
import numpy as np

from tfdynconv import models
from tfdynconv.models.convolutions import inside


def pointwise(place):
    return inside(place) and place.role != "depthwise"


# name: (convolutions, the bars of float32 and of a bank in 8 bits)
NETWORKS = {
    "static": (models.Convolutions(), (None, None)),
    "1x1 dynamic, K=4": (models.dynamic_conv(where=pointwise, temperature=1.0), (1.7, 1.4)),
    "depthwise dynamic too": (models.dynamic_conv(temperature=1.0), (1.9, 1.6)),
    "ODConv 1x in all but the first": (models.odconv(), (1.6, 1.6)),
}


def network(convolutions, size=224, **layout):
    """The model, in the padding of `keras.applications`; `layout` goes to `models.mobilenet_v2`."""
    model = models.mobilenet_v2(convolutions, input_shape=(size, size, 3), padding="same", **layout)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0  # the statistics of the next batch alone
    model(np.random.default_rng(0).normal(size=[4, size, size, 3]).astype("float32"), training=True)
    return model
