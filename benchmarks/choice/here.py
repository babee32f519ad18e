"""On this machine: parameters and multiply-adds, and the time of a forward pass and of a training step in a graph."""

import keras
import tensorflow as tf

from benchmarks.steps import step
from benchmarks.timing import interleaved
from tfdynconv import models

BATCH = 32
COUNTED, TIMED = ("parameters", "multiply-adds"), ("forward", "training")


def counts(entry):
    """By `layer.cost`; without what is there to make a training step work, as `models.cost` counts."""
    shapes = [(None, *shape) for shape in entry.shapes]
    layer = entry.model().built().layers[-1]
    own = layer.cost(shapes if len(shapes) > 1 else shapes[0])
    return dict(zip(COUNTED, (mine / plain for mine, plain in zip(own, models.cost(entry.against().built())))))


def times(entry, seconds):
    steps = {}
    for side, model in {"own": entry.model(), "plain": entry.against()}.items():
        built = model.built()
        inputs = [tf.random.normal([BATCH, *shape]) for shape in model.shapes]
        for kind in TIMED:
            steps[kind, side] = step(built, inputs, kind == "training", jit_compile=False)
    found = interleaved(steps, seconds)
    keras.backend.clear_session()
    return {kind: found[kind, "own"] / found[kind, "plain"] for kind in TIMED}
