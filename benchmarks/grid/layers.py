"""Every dynamic layer over `Conv2D`, on every shape; depthwise where the layer has it."""

import functools

import tensorflow as tf

import tfdynconv
from benchmarks import shapes
from benchmarks.grid.part import Bar, Part, over_static
from benchmarks.layers import static
from benchmarks.steps import any_batch, training_step
from benchmarks.timing import interleaved

KINDS = ("forward, 1", "forward", "training")


def window(shape):
    return {"padding": "same", "strides": shape.strides}


def layer(conv, depthwise, shape, **arguments):
    """A dynamic layer; None where it has no depthwise form."""
    if not shape.depthwise:
        return conv(shape.filters, shape.kernel, **window(shape), **arguments)
    return depthwise(shape.kernel, **window(shape), **arguments) if depthwise else None


def odconv(shape, **arguments):
    groups = shape.channels if shape.depthwise else 1
    return tfdynconv.ODConv2D(shape.filters, shape.kernel, groups=groups, **window(shape), **arguments)


def pair(conv, depthwise, **arguments):
    return functools.partial(layer, conv, depthwise, **arguments)


ROWS = {
    "CondConv 4": pair(tfdynconv.CondConv2D, tfdynconv.DepthwiseCondConv2D, num_experts=4),
    "CondConv 8": pair(tfdynconv.CondConv2D, tfdynconv.DepthwiseCondConv2D, num_experts=8),
    "DynamicConv 4": pair(tfdynconv.DynamicConv2D, tfdynconv.DepthwiseDynamicConv2D, num_kernels=4),
    "ODConv 1": functools.partial(odconv, num_kernels=1),
    "ODConv 4": functools.partial(odconv, num_kernels=4),
    "DyNet 6": pair(tfdynconv.DyNetConv2D, tfdynconv.DepthwiseDyNetConv2D, group_size=6),
    "Versatile": pair(tfdynconv.VersatileConv2D, None, direction="learned", num_masks=4),
}


def candidates(name, made, shape, jit_compile):
    x = tf.random.normal(shape.input_shape)
    made.build(x.shape)
    one, run = x[:1], any_batch(made, [x], False, jit_compile)
    return {
        (name, "forward, 1"): lambda: run(one),
        (name, "forward"): lambda: run(x),
        (name, "training"): training_step(made, x, jit_compile),
    }


def measure(shape, rows, jit_compile, seconds):
    functions = candidates("static", static(shape), shape, jit_compile)
    made = {name: make(shape) for name, make in rows.items()}
    made = {name: one for name, one in made.items() if one is not None}
    for name, one in made.items():
        functions |= candidates(name, one, shape, jit_compile)
    return over_static(interleaved(functions, seconds / 8), made)


COMMON = ("CondConv 4", "CondConv 8", "DynamicConv 4", "ODConv 1")
LABEL = "CondConv 4, 8, DynamicConv 4, ODConv 1"
LAYERS = Part(
    title="over `Conv2D` (`DepthwiseConv2D`)",
    cases=tuple(shapes.TRAINING),
    rows=ROWS,
    kinds=KINDS,
    measure=measure,
    bars={
        "graph": (
            Bar(LABEL, COMMON, "training", mean=1.18, worst=2.2),
            Bar(LABEL, COMMON, "forward", mean=1.3, worst=3.0),
            Bar(LABEL, COMMON, "forward, 1", mean=1.3, worst=3.0),
            Bar("ODConv 4, DyNet 6", ("ODConv 4", "DyNet 6"), "training", mean=1.5),
            *(Bar("Versatile", ("Versatile",), kind, mean=1.1) for kind in ("training", "forward", "forward, 1")),
        ),
        "xla": (
            Bar("all layers", tuple(ROWS), "training", mean=1.7),
            # XLA's own depthwise convolution on a CPU is slow: a ratio to it says little
            Bar("all layers, depthwise left out", tuple(ROWS), "training", mean=1.7, without="depthwise"),
        ),
    },
    quick_cases=tuple(shapes.TRAINING[i] for i in (1, 3, 6)),
    quick_rows=("CondConv 8", "DynamicConv 4", "ODConv 1"),
    quick_places=("graph", "xla"),
    drawn=("forward", "training"),
)
