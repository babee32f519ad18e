"""Every layer and block at one shape, 28x28 with 64 channels and 64 filters of 3x3, and the plain layer it is held against.

What cannot have that shape has the nearest: 784 positions in a row, 9x9x9 in a volume. The settings are the defaults, or
those of the paper where a layer has no default.
"""

import dataclasses
import typing

import keras

from tfdynconv import blocks, layers

IMAGE, ROW, VOLUME = (28, 28, 64), (784, 64), (9, 9, 9, 64)
HALVES = ((28, 28, 32), (14, 14, 32))  # what is between two octave convolutions
WINDOW = {"filters": 64, "kernel_size": 3, "padding": "same"}
DEPTHWISE = {"kernel_size": 3, "padding": "same"}


@dataclasses.dataclass(frozen=True)
class Model:
    """A chain of layers. `make(dtype)` gives new ones, `shapes` are those of the inputs without the batch."""

    make: typing.Callable
    shapes: tuple

    def built(self, dtype="float32"):
        inputs = [keras.Input(shape, dtype=dtype) for shape in self.shapes]
        x = inputs if len(inputs) > 1 else inputs[0]
        for layer in self.make(dtype):
            x = layer(x)
        return keras.Model(inputs, x)


@dataclasses.dataclass(frozen=True)
class Entry:
    """`layer` is the class, `over` the name of what it is held against in `OVER`; `beside` stands beside a convolution."""

    name: str
    layer: type
    arguments: dict
    over: str = "Conv2D"
    shapes: tuple = (IMAGE,)
    beside: bool = False

    def model(self):
        return Model(lambda dtype: [self.layer(**self.arguments, dtype=dtype)], self.shapes)

    def against(self):
        return OVER[self.over]

    def folds(self):
        return hasattr(self.layer, "fold")


def plain(layer, shape, arguments, *behind):
    made = [(layer, arguments), *((other, {}) for other in behind)]
    return Model(lambda dtype: [each(**own, dtype=dtype) for each, own in made], (shape,))


K = keras.layers
OVER = {
    "Conv2D": plain(K.Conv2D, IMAGE, WINDOW),
    "Conv2D, BN": plain(K.Conv2D, IMAGE, {**WINDOW, "use_bias": False}, K.BatchNormalization),
    "Conv2D, BN, ReLU": plain(K.Conv2D, IMAGE, {**WINDOW, "use_bias": False}, K.BatchNormalization, K.ReLU),
    "DepthwiseConv2D": plain(K.DepthwiseConv2D, IMAGE, DEPTHWISE),
    "Conv2DTranspose": plain(K.Conv2DTranspose, IMAGE, WINDOW),
    "Conv1D": plain(K.Conv1D, ROW, WINDOW),
    "Conv3D": plain(K.Conv3D, VOLUME, WINDOW),
    "Dense": plain(K.Dense, ROW, {"units": 64}),
}
NORM, RELU = "Conv2D, BN", "Conv2D, BN, ReLU"


def grid_edges(size=28):
    """[from, to] of a picture's pixels, each joined with itself and the 8 around it."""
    cells = [(i, j) for i in range(size) for j in range(size)]
    near = [(di, dj) for di in (-1, 0, 1) for dj in (-1, 0, 1)]
    edges = [
        (i * size + j, (i + di) * size + j + dj)
        for i, j in cells
        for di, dj in near
        if 0 <= i + di < size and 0 <= j + dj < size
    ]
    return [list(ends) for ends in zip(*edges)], [1.0] * len(edges)


def image(layer, settings="", over="Conv2D", **more):
    return Entry(", ".join(filter(None, [layer.__name__, settings])), layer, {**WINDOW, **more}, over)


def other(layer, over, shape, arguments=WINDOW):
    return Entry(layer.__name__, layer, arguments, over, (shape,))


def depthwise(layer):
    return other(layer, "DepthwiseConv2D", IMAGE, DEPTHWISE)


def own(layer, arguments, settings="", over="Conv2D", **more):
    """A block whose arguments are not those of a convolution."""
    return Entry(", ".join(filter(None, [layer.__name__, settings])), layer, arguments, over, **more)


INCEPTION = {"branches": [[(16, 1)], [(24, 1), (32, 3)], [(4, 1), (8, 5)]], "pool_filters": 8}
GRAPH = {"units": 64, "adjacency": grid_edges(), "normalize": True}
ENTRIES = [
    image(layers.CondConv2D),
    image(layers.DynamicConv2D),
    image(layers.DyNetConv2D),
    image(layers.MixtureConv2D),
    image(layers.ODConv2D, "1 kernel"),
    image(layers.ODConv2D, "4 kernels", num_kernels=4),
    image(layers.DRConv2D),
    image(layers.DRConv2D, "basis", generator="basis"),
    image(layers.VersatileConv2D, "spatial"),
    image(layers.VersatileConv2D, "4 masks", direction="learned", num_masks=4),
    image(blocks.DeformableConv2D),
    image(blocks.DeformableConv2D, "modulated", modulated=True),
    image(blocks.DeformableKernelConv2D),
    image(blocks.ActiveConv2D),
    own(blocks.Involution2D, {"kernel_size": 7}, "7x7"),
    own(blocks.SplitAttentionConv2D, {"filters": 64}, over=RELU),
    own(blocks.SKConv2D, {"filters": 64}, over=RELU),
    own(blocks.SCConv2D, {"filters": 64}, over=NORM),
    own(blocks.SqueezeExcite, {}, beside=True),
    own(blocks.NonLocalBlock2D, {}, beside=True),
    own(blocks.SpatialTransformer, {}, beside=True),
    own(blocks.ChannelShuffle, {"groups": 4}, beside=True),
    image(blocks.ACBlock2D, over=NORM),
    image(blocks.DiverseBranchBlock2D, over=NORM),
    image(blocks.DOConv2D),
    image(blocks.HetConv2D),
    image(blocks.SpatialSeparableConv2D),
    own(blocks.OctaveConv2D, {"filters": 64, "kernel_size": 3}, "inside", shapes=HALVES),
    own(blocks.GhostModule2D, {"filters": 64, "kernel_size": 3}, over=RELU),
    own(blocks.InceptionBlock, INCEPTION, over=RELU),
    image(blocks.LocallyConnected2D),
    own(blocks.GraphConv, GRAPH, "9 edges a node", shapes=(ROW,)),
    own(blocks.DyMobileBlock, {"filters": 64}, "three convolutions", over=RELU),
    own(blocks.DyShuffleBlock, {"filters": 64}, "three convolutions", over=RELU),
    own(blocks.DyResNetBlock, {"filters": 64}, "two convolutions", over=RELU),
    depthwise(layers.DepthwiseCondConv2D),
    depthwise(layers.DepthwiseDynamicConv2D),
    depthwise(layers.DepthwiseDyNetConv2D),
    other(layers.CondConv2DTranspose, "Conv2DTranspose", IMAGE),
    other(layers.DynamicConv2DTranspose, "Conv2DTranspose", IMAGE),
    *(
        other(cls, "Conv1D", ROW)
        for cls in (layers.CondConv1D, layers.DynamicConv1D, layers.MixtureConv1D, layers.ODConv1D)
    ),
    *(
        other(cls, "Conv3D", VOLUME)
        for cls in (layers.CondConv3D, layers.DynamicConv3D, layers.MixtureConv3D, layers.ODConv3D)
    ),
    other(layers.CondDense, "Dense", ROW, {"units": 64}),
]
