"""DRConv with 8 regions over `Conv2D`: its convolution alone, and what makes its kernels and its guide."""

import tensorflow as tf

import tfdynconv
from benchmarks import lowerings, regions
from benchmarks.grid.part import Bar, Part, over_static
from benchmarks.steps import forward, training_step
from benchmarks.timing import interleaved

KINDS = ("forward, 1", "forward", "training", "fixed guide")


def convolution(shape, x, jit_compile):
    """`region_conv`, its kernels and guide given; "fixed guide" is a training step without a gradient for the guide."""
    tensors = (x, *regions.tensors_of(shape)[1:])
    single = regions.steps(regions.routed, [t[:1] for t in tensors], jit_compile)
    return {**regions.steps(regions.routed, tensors, jit_compile), "forward, 1": single["forward"]}


def piece(name):
    """One of the layers inside of `DRConv2D`."""

    def steps(shape, x, jit_compile):
        whole = tfdynconv.DRConv2D(shape.filters, shape.kernel, padding="same", num_regions=regions.REGIONS)
        whole.build(x.shape)
        layer = getattr(whole, name)
        return {
            "forward, 1": forward(layer, x[:1], jit_compile),
            "forward": forward(layer, x, jit_compile),
            "training": training_step(layer, x, jit_compile),
        }

    return steps


def static(shape, x, jit_compile):
    kernel = tf.random.normal([shape.kernel, shape.kernel, shape.channels, shape.filters])
    steps = lowerings.steps(lowerings.static(shape), x, kernel, jit_compile)
    single = lowerings.steps(lowerings.static(shape), x[:1], kernel, jit_compile)
    return {**steps, "forward, 1": single["forward"], "fixed guide": steps["training"]}


def measure(shape, rows, jit_compile, seconds):
    x = tf.random.normal(shape.input_shape)
    made = {name: make(shape, x, jit_compile) for name, make in {"static": static, **rows}.items()}
    functions = {(name, kind): f for name, steps in made.items() for kind, f in steps.items()}
    return over_static(interleaved(functions, seconds / 4), rows)


ROWS = {
    "DRConv 8, convolution alone": convolution,
    "its kernel generator": piece("generator"),
    "its guide": piece("guide"),
}
ALONE = ("DRConv 8, convolution alone",)
REGIONS = Part(
    title='DRConv, 8 regions, over `Conv2D`; "fixed guide": a training step without a gradient for the guide',
    cases=tuple(regions.SHAPES),
    rows=ROWS,
    kinds=KINDS,
    measure=measure,
    bars={
        "graph": (
            Bar("DRConv 8 without its generator", ALONE, "training", mean=6.0),
            Bar("DRConv 8 without its generator", ALONE, "fixed guide", mean=3.5),
            Bar("DRConv 8 without its generator", ALONE, "forward", mean=3.0),
            Bar("DRConv 8 without its generator", ALONE, "forward, 1", mean=3.0),
        ),
        "xla": (),
    },
    quick_cases=tuple(regions.SHAPES[:1]),
    quick_rows=tuple(ROWS),
    drawn=("forward", "training"),
)
