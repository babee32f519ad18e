"""Octave convolutions and ghost modules over `keras.layers.Conv2D` of the same shape: ratios of times, as Markdown.

python -m benchmarks.static_blocks    # some two minutes; --seconds 0.3 for a first look

The octave convolution is one inside of a network, at alpha = 0.5: its input is a pair, and at `Conv2D`'s side all channels
are on the full grid. Ghost modules have their normalisations and activations, and so does the `Conv2D` beside them.
"""

import argparse
import functools

import keras
import tensorflow as tf

from benchmarks.shapes import TRAINING
from benchmarks.steps import step
from benchmarks.timing import interleaved
from tfdynconv import blocks

SHAPES = [shape for shape in TRAINING if not shape.depthwise]
HEADER = ["B,H,C,O,k", "multiply-adds", "forward, graph", "training step, graph", "forward, XLA", "training step, XLA"]


def octave(shape):
    """(name, inputs, layer) of both sides."""
    low = shape.channels // 2
    pair = [
        tf.random.normal([shape.batch, shape.size, shape.size, shape.channels - low]),
        tf.random.normal([shape.batch, shape.size // 2, shape.size // 2, low]),
    ]
    plain = keras.layers.Conv2D(shape.filters, shape.kernel, padding="same", strides=shape.strides)
    octave = blocks.OctaveConv2D(shape.filters, shape.kernel, shape.strides)
    return (plain, [tf.random.normal(shape.input_shape)]), (octave, pair)


def ghost(shape, ratio=2):
    x = [tf.random.normal(shape.input_shape)]
    conv = keras.layers.Conv2D(shape.filters, shape.kernel, padding="same", strides=shape.strides, use_bias=False)
    plain = keras.Sequential(
        [keras.Input(shape.input_shape[1:]), conv, keras.layers.BatchNormalization(), keras.layers.ReLU()]
    )
    return (plain, x), (blocks.GhostModule2D(shape.filters, shape.kernel, shape.strides, ratio=ratio), x)


def row(make, shape, seconds):
    sides = dict(zip(("plain", "block"), make(shape)))
    for layer, inputs in sides.values():
        shapes = [tuple(x.shape) for x in inputs]
        if not layer.built:
            layer.build(shapes if len(shapes) > 1 else shapes[0])
    layer, inputs = sides["block"]
    shapes = [tuple(x.shape) for x in inputs]
    output = -(-shape.size // shape.strides)
    plain = output**2 * shape.kernel**2 * shape.channels * shape.filters
    cells = [layer.cost(shapes if len(shapes) > 1 else shapes[0])[1] / plain]
    for jit_compile in (False, True):
        steps = {
            (kind, name): step(layer, inputs, kind == "training", jit_compile)
            for kind in ("forward", "training")
            for name, (layer, inputs) in sides.items()
        }
        times = interleaved(steps, seconds)
        cells += [times[kind, "block"] / times[kind, "plain"] for kind in ("forward", "training")]
    return cells


TABLES = {
    "octave": ("OctaveConv2D, alpha = 0.5", octave),
    "ghost": ("GhostModule2D, ratio = 2", ghost),
    "ghost4": ("GhostModule2D, ratio = 4", functools.partial(ghost, ratio=4)),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--only", choices=TABLES, nargs="*", default=TABLES)
    options = parser.parse_args()
    for name in options.only:
        title, make = TABLES[name]
        print(f"{title}, over Conv2D:\n\n| " + " | ".join(HEADER) + " |\n|" + "---|" * len(HEADER))
        for shape in SHAPES:
            if make is octave and shape.size % (2 * shape.strides):
                continue  # a size that cannot be halved
            print(
                f"| {shape} | " + " | ".join(f"{v:.2f}" for v in row(make, shape, options.seconds)) + " |", flush=True
            )
        print()


if __name__ == "__main__":
    main()
