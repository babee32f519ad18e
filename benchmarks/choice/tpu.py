"""On a TPU: the compiler's estimates for one core of a v5e in bfloat16, of a forward pass and of a training step.

No TPU is needed, and none was there. The estimate counts the body of a loop once, and what it cannot cost not at all:
such figures are lower bounds, and are marked.
"""

import keras
import tensorflow as tf

from benchmarks.choice.here import BATCH
from tfdynconv.export.hlo import model_hlo
from tfdynconv.export.tpu_compiler import compile_programs

KINDS = {"TPU forward": False, "TPU training": True}
NAME = "benchmarks.choice"
AT_LEAST = "≥ "


def programs(model):
    """`{kind: HLO}` of both steps."""
    built = model.built("bfloat16")
    specs = [tf.TensorSpec([BATCH, *shape], tf.bfloat16) for shape in model.shapes]
    given = specs if len(specs) > 1 else specs[0]
    return {kind: model_hlo(built, given, train, NAME) for kind, train in KINDS.items()}


def estimates(entries):
    """(entry, `{kind: ratio, or the reason why there is none}`) of each; all are compiled in one process."""
    models = {entry.over: entry.against() for entry in entries}
    models |= {entry.name: entry.model() for entry in entries}
    wanted = {(name, kind): hlo for name, model in models.items() for kind, hlo in programs(model).items()}
    keras.backend.clear_session()
    figures = dict(zip(wanted, compile_programs(list(wanted.values()), "v5e:2x2", NAME)))
    for entry in entries:
        yield entry, {kind: ratio(figures[entry.name, kind], figures[entry.over, kind]) for kind in KINDS}


def ratio(own, plain):
    if own.error is not None:
        return own.error.splitlines()[0][:200]
    value = own.seconds / plain.seconds
    return f"{AT_LEAST}{value:.2f}" if own.loops or own.uncosted else value
