"""One small network for every layer: what differs is the layer alone."""

import functools

import keras

import tfdynconv

SHAPES = {1: (8, 8), 2: (8, 8, 1), 3: (4, 4, 4, 1)}  # rows of the image as time; the image; its 64 pixels as a cube
STEMS = {1: keras.layers.Conv1D, 2: keras.layers.Conv2D, 3: keras.layers.Conv3D}
POOLS = {1: keras.layers.MaxPooling1D, 2: keras.layers.MaxPooling2D, 3: keras.layers.MaxPooling3D}


def layers():
    """Name -> constructor: every public layer, and forms of them that learn in another way."""
    public = {name: getattr(tfdynconv.layers, name) for name in tfdynconv.layers.__all__}
    learned = functools.partial(tfdynconv.VersatileConv2D, direction="learned", num_masks=4)
    return {**public, "VersatileConv2D, learned masks": learned}


def rank_of(name):
    return next((rank for rank in (1, 3) if f"{rank}D" in name), 2)


def static_twin(name):
    """The Keras layer of the same window."""
    for word, twin in (("Dense", "Dense"), ("Depthwise", "DepthwiseConv2D"), ("Transpose", "Conv2DTranspose")):
        if word in name:
            return getattr(keras.layers, twin)
    return getattr(keras.layers, f"Conv{rank_of(name)}D")


def static_network(name):
    """A name for the network of the layer's static twin; equal where the networks are."""
    return static_twin(name).__name__ + (" behind a depthwise convolution" if is_pointwise(name) else "")


def is_pointwise(name):
    """DRConv stands as in the paper's networks, which have it in place of their 1x1 convolutions."""
    return "DRConv" in name


def network(name, layer):
    """A static stem, two blocks with batch normalisation and a dense layer, made for the layer `name`; `layer` constructs it,
    or its static twin."""
    rank = rank_of(name)
    stem = STEMS[rank](16, 3, padding="same", activation="relu")
    # TensorFlow pools no volume in float16 on a CPU
    layers = [keras.Input(SHAPES[rank]), stem, POOLS[rank](2, dtype="float32")]
    for _ in range(1 if "Dense" in name else 2):
        # trained for some hundred steps: with Keras' momentum the moving statistics would still be those of the start
        layers += [*block(name, layer), keras.layers.BatchNormalization(momentum=0.9), keras.layers.ReLU()]
    return keras.Sequential([*layers, keras.layers.Flatten(), keras.layers.Dense(10, dtype="float32")])


def block(name, layer):
    """A convolution of the kind under test with what belongs beside it."""
    if "Dense" in name:
        return [keras.layers.Flatten(), layer(32)]
    if "Depthwise" in name:
        return [layer(3, padding="same", use_bias=False), keras.layers.Conv2D(24, 1, use_bias=False)]
    if "Transpose" in name:
        return [layer(24, 3, strides=2, padding="same", use_bias=False), keras.layers.AveragePooling2D(2)]
    if is_pointwise(name):
        return [keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False), layer(24, 1, use_bias=False)]
    return [layer(24, 3, padding="same", use_bias=False)]
