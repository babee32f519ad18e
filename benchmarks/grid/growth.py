"""How a training step grows with batch and experts, and the peak memory of one with large kernels beside its bar."""

import tensorflow as tf

from benchmarks import memory, shapes
from benchmarks.grid.part import Bar, Part
from benchmarks.layers import cond, static
from benchmarks.steps import training_step
from benchmarks.timing import interleaved

BATCH, EXPERTS, PEAK = "a sample, batch 256 over 8", "16 experts over 1", "peak memory over its bar"


def step(layer, shape, batch):
    x = tf.random.normal([batch, *shape.input_shape[1:]])
    layer.build(x.shape)
    return training_step(layer, x, False)


def measure(shape, rows, jit_compile, seconds):
    if shape == memory.LARGE:
        return {"CondConv 8": {PEAK: memory.peak_over_bar(shape)}} if "CondConv 8" in rows else {}
    functions = {(name, batch): step(make(shape), shape, batch) for name, make in rows.items() for batch in (8, 256)}
    if shape.size == 14:
        functions |= {("CondConv 8", f"{n} experts"): step(cond(shape, n), shape, shape.batch) for n in (1, 16)}
    times = interleaved(functions, seconds)
    found = {name: {BATCH: times[name, 256] / times[name, 8] / 32} for name in rows}
    if shape.size == 14:
        found["CondConv 8"][EXPERTS] = times["CondConv 8", "16 experts"] / times["CondConv 8", "1 experts"]
    return found


CONDCONV = ("CondConv 8",)
GROWTH = Part(
    title="growth of a training step",
    cases=(*shapes.TRAINING, memory.LARGE),
    rows={"CondConv 8": cond, "Conv2D": static},
    kinds=(BATCH, EXPERTS, PEAK),
    measure=measure,
    bars={
        "graph": (
            Bar("CondConv 8", CONDCONV, BATCH, worst=1.15),
            Bar("CondConv, shapes of 14x14", CONDCONV, EXPERTS, worst=1.4),
            Bar("CondConv 8", CONDCONV, PEAK, worst=1.0),
        ),
    },
    quick_cases=(shapes.TRAINING[3],),
    quick_rows=CONDCONV,
    drawn=(BATCH, EXPERTS),
)
