"""Blocks of the survey against plain layers of the same shape: time of a forward pass and of a training step.

python -m benchmarks.blocks               # all
python -m benchmarks.blocks Deformable    # those whose names hold the word
"""

import argparse

import tensorflow as tf

from benchmarks.__main__ import markdown, ratios
from benchmarks.block_shapes import ENTRIES
from benchmarks.steps import forward, training_step
from benchmarks.timing import interleaved


def times(entry, jit_compile, seconds):
    """Ratios (forward, training) of the block to what it is held against, in one interleaved run."""
    x = tf.random.normal(entry.shape.input_shape)
    layers = {"block": entry.make(entry.shape), "against": entry.against(entry.shape)}
    for layer in layers.values():
        layer.build(x.shape)
    steps = {"forward": forward, "training": training_step}
    candidates = {
        (kind, name): step(layer, x, jit_compile) for kind, step in steps.items() for name, layer in layers.items()
    }
    found = interleaved(candidates, seconds)
    return [found[kind, "block"] / found[kind, "against"] for kind in steps]


def table(entries, jits, seconds):
    for entry in entries:
        yield f"{entry.name}, {entry.shape}", [ratio for jit in jits for ratio in times(entry, jit, seconds)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="parts of names; all blocks if there is none")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--xla", action="store_true", help="also compiled by XLA")
    options = parser.parse_args()
    chosen = [e for e in ENTRIES if not options.words or any(word in e.name for word in options.words)]
    header = ["block, B,H,C,O,k", "forward, graph", "training step, graph"]
    header += ["forward, XLA", "training step, XLA"] if options.xla else []
    print(markdown(header, ratios(table(chosen, (False, True) if options.xla else (False,), options.seconds))))


if __name__ == "__main__":
    main()
