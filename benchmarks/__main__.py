"""Print the tables of the README and of `benchmarks/NOTES.md`, as Markdown. Every figure is a ratio from one run.

python -m benchmarks            # all tables, some ten minutes on two cores
python -m benchmarks --quick    # the layer table alone, roughly
python -m benchmarks --write    # also put the layer table into README.md

ONEDNN_MAX_CPU_ISA=AVX2 python -m benchmarks    # as on a processor without AVX-512
"""

import argparse
import os
import pathlib
import platform
import sys

import keras
import tensorflow as tf

from benchmarks import layers, lowerings, memory, regions, shapes

MARKS = ("<!-- benchmark -->", "<!-- end of benchmark -->")


def progress(text):
    print(f"... {text}", file=sys.stderr, flush=True)


def markdown(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    for name, values in rows:
        progress(name)
        lines.append(f"| {name} | " + " | ".join(values) + " |")
    return "\n".join(lines)


def ratios(rows):
    return ((name, [f"{v:.2f}" for v in values]) for name, values in rows)


def layer_table(seconds):
    header = ["B,H,C,O,k", "forward, graph", "training step, graph", "forward, XLA", "training step, XLA"]
    return markdown(header, ratios(layers.table(seconds)))


def lowering_table(jit_compile, seconds):
    rows = (
        (name, [f"{forward:.1f} / {training:.1f}" for forward, training in values])
        for name, values in lowerings.table(jit_compile, seconds)
    )
    return markdown(["B,H,C,O,k", *lowerings.NAMES], rows)


def growth_table(seconds):
    memories = {str(shape): memory.growth(shape) for shape in shapes.TRAINING[:2]}
    rows = (
        (name, [*(f"{v:.2f}" for v in values), f"{memories[name]:.2f}" if name in memories else ""])
        for name, values in layers.growth(seconds)
    )
    return markdown(["B,H,C,O,k", "8 experts over 1", "batch 64 over 32, time", "batch 64 over 32, peak memory"], rows)


def region_table(seconds):
    header = ["B,H,C,O,k", "forward", "training step", "guide without gradient", "peak memory, training"]
    return markdown(header, ratios(regions.table(seconds)))


def write(table, marks=MARKS):
    readme = pathlib.Path(__file__).parent.parent / "README.md"
    text = readme.read_text()
    before, rest = text.split(marks[0])
    _, after = rest.split(marks[1])
    readme.write_text(before + marks[0] + "\n" + table + "\n" + marks[1] + after)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    instructions = os.environ.get("ONEDNN_MAX_CPU_ISA", "all that the processor has")
    print(
        f"TensorFlow {tf.__version__}, Keras {keras.__version__}, {platform.machine()}, instructions: {instructions}\n"
    )
    table = layer_table(0.3 if options.quick else 2.0)
    print(f"CondConv2D, 8 experts, over Conv2D (unknown batch):\n\n{table}\n", flush=True)
    if options.write:
        write(table)
    if options.quick:
        return
    print("Batch 1, forward, graph:\n\n" + markdown(["B,H,C,O,k", "ratio"], ratios(layers.single())) + "\n", flush=True)
    print("Growth, training step, graph:\n\n" + growth_table(1.0) + "\n", flush=True)
    print(f"DRConv, 8 regions, over all regions and select, graph:\n\n{region_table(1.0)}\n", flush=True)
    rows = ratios(lowerings.volumes())
    print(f"3-D, matmul over loop, training, graph:\n\n{markdown(['B,D,C,O,k', 'ratio'], rows)}\n", flush=True)
    for jit_compile, place in ((False, "graph"), (True, "XLA")):
        table = lowering_table(jit_compile, 1.0)
        print(f"Lowerings over a static convolution, forward / training, {place}:\n\n{table}\n", flush=True)


if __name__ == "__main__":
    main()
