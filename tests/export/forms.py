"""Models of every form that `to_tflite` takes, small, with random weights and statistics."""

import keras
import numpy as np
import tensorflow as tf

import tfdynconv
from tfdynconv.testing.case import redraw


def settled(model):
    """The model with weights that hide nothing: redrawn, statistics of batch normalization that are not 0 and 1."""
    redraw(model)
    for weight in model.non_trainable_weights:
        if "moving" in getattr(weight, "path", weight.name):
            weight.assign(np.linspace(0.5, 1.5, int(weight.shape[0])))
    return model


def dynamic(filters, **arguments):
    return tfdynconv.DynamicConv2D(filters, 3, temperature=1.0, **arguments)


def sequential():
    """Layers of Keras and ours, built for batches of four."""
    layers = [
        keras.Input(batch_shape=(4, 8, 8, 3)),
        keras.layers.Conv2D(4, 3, padding="same"),
        keras.layers.BatchNormalization(),
        keras.layers.ReLU(),
        dynamic(6, padding="same", strides=2),
        keras.layers.Dropout(0.5),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(5, activation="softmax"),
    ]
    return settled(keras.Sequential(layers))


def functional_dict():
    """Two inputs, one of integers, and two outputs, all by name, built for batches of two."""
    image = keras.Input(batch_shape=(2, 6, 6, 3), name="image")
    kind = keras.Input(batch_shape=(2, 1), dtype="int32", name="kind")
    x = tfdynconv.CondConv2D(4, 3, num_experts=3)(image)
    y = keras.layers.Flatten()(keras.layers.Embedding(3, 4)(kind))
    both = keras.layers.Add()([keras.layers.GlobalMaxPooling2D()(x), y])
    outputs = {"scores": keras.layers.Dense(5)(both), "features": x}
    return settled(keras.Model({"kind": kind, "image": image}, outputs))


def functional_list():
    """A list of inputs and of outputs; a model inside, called twice; coefficients that two layers share."""
    left, right = keras.Input([6, 6, 2], name="z_left"), keras.Input([6, 6, 2], name="a_right")
    inner = keras.Sequential([keras.Input([6, 6, 2]), tfdynconv.CondConv2D(4, 3, num_experts=2)], name="inner")
    x, y = inner(left), inner(right)
    coefficients = tfdynconv.routing.SigmoidRouting(num_kernels=3)(x)
    x = tfdynconv.DepthwiseCondConv2D(3, num_experts=3, routing=None)(x, coefficients)
    x = tfdynconv.CondConv2D(5, 1, num_experts=3, routing=None)(x, coefficients)
    return settled(keras.Model([left, right], [x, keras.layers.GlobalAveragePooling2D()(y)]))


class Pair(keras.Model):
    """Subclassed: a dict of inputs, layers in a list, a `tf.function` that was traced when it was called."""

    def __init__(self):
        super().__init__()
        self.blocks = [tfdynconv.CondConv2D(4, 3, num_experts=2) for _ in range(2)]
        for channels, block in zip((2, 4), self.blocks):
            block.build((None, None, None, channels))  # Keras would freeze weights that are made inside a `tf.function`
        self.head = keras.Sequential([keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3)])

    @tf.function
    def trunk(self, x):
        for block in self.blocks:
            x = tf.nn.relu(block(x))
        return x

    def call(self, inputs, training=False):
        x = self.trunk(inputs["x"])
        return self.head(x), tf.reduce_mean(x, [1, 2, 3]) * inputs["scale"][:, 0]


def subclassed():
    model = Pair()
    model({"x": tf.ones([2, 7, 7, 2]), "scale": tf.ones([2, 1])})  # of the exported size, so the trace is there
    return settled(model)


def ranks():
    """One, two and three dimensions of space, depthwise and dense, in every way of padding and grouping."""
    line, image = keras.Input([9, 4], name="line"), keras.Input([6, 5, 4], name="image")
    volume = keras.Input([5, 4, 3, 2], name="volume")
    outputs = {
        "conv1d": tfdynconv.MixtureConv1D(6, 3, padding=((2, 0),), num_kernels=2, routing="sigmoid")(line),
        "dense": tfdynconv.CondDense(5, num_experts=3)(line),
        "grouped": tfdynconv.CondConv2D(6, 3, groups=2, dilation_rate=2, padding="same", num_experts=2)(image),
        "depthwise": tfdynconv.DepthwiseCondConv2D(3, strides=2, depth_multiplier=2, num_experts=2)(image),
        "conv3d": tfdynconv.MixtureConv3D(3, 2, strides=2, num_kernels=2, routing="softmax")(volume),
    }
    model = settled(keras.Model({"line": line, "image": image, "volume": volume}, outputs))
    for layer in tfdynconv.layers.walk.walk(model):
        if hasattr(layer, "final_temperature"):
            layer.temperature.assign(layer.final_temperature)
    return model


# name: (how it is made, the batch size that is asked for, and what the file's inputs and outputs are to be)
FORMS = {
    "sequential": (sequential, 1, None, {"output_0": (1, 5)}),
    "functional_dict": (
        functional_dict,
        3,
        {"image": ("float32", (3, 6, 6, 3)), "kind": ("int32", (3, 1))},
        {"features": (3, 4, 4, 4), "scores": (3, 5)},
    ),
    "functional_list": (
        functional_list,
        1,
        {"z_left": ("float32", (1, 6, 6, 2)), "a_right": ("float32", (1, 6, 6, 2))},
        {"output_0": (1, 2, 2, 5), "output_1": (1, 4)},
    ),
    "subclassed": (
        subclassed,
        2,
        {"x": ("float32", (2, 7, 7, 2)), "scale": ("float32", (2, 1))},
        {"output_0": (2, 3), "output_1": (2,)},
    ),
    "ranks": (
        ranks,
        1,
        {"line": ("float32", (1, 9, 4)), "image": ("float32", (1, 6, 5, 4)), "volume": ("float32", (1, 5, 4, 3, 2))},
        {
            "conv1d": (1, 9, 6),
            "conv3d": (1, 2, 2, 1, 3),
            "dense": (1, 9, 5),
            "depthwise": (1, 2, 2, 8),
            "grouped": (1, 6, 5, 6),
        },
    ),
}
