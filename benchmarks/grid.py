"""Every dynamic layer against `Conv2D` over all shapes, and whole networks: the table and the plot that the speed is judged by.

python -m benchmarks.grid                          # graph and XLA, a quarter of an hour on two cores
python -m benchmarks.grid --quick                  # two minutes, rough: four layers, three shapes
python -m benchmarks.grid --plot grid.png          # the same figures as a picture

Static layer and dynamic ones run in turn in one process, so a figure is a ratio from one run. `forward, 1` is batch 1, the
others the batch of the shape. DRConv is measured without the layer that makes its kernels, which stands in a row of its own.
"""

import argparse
import functools
import sys

import keras
import tensorflow as tf

import tfdynconv
from benchmarks import shapes
from benchmarks.layers import geometric_mean, static
from benchmarks.steps import forward, training_step
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


def versatile(shape):
    if shape.depthwise:
        return None
    return tfdynconv.VersatileConv2D(shape.filters, shape.kernel, direction="learned", num_masks=4, **window(shape))


def pair(conv, depthwise, **arguments):
    return functools.partial(layer, conv, depthwise, **arguments)


LAYERS = {
    "CondConv 4": pair(tfdynconv.CondConv2D, tfdynconv.DepthwiseCondConv2D, num_experts=4),
    "CondConv 8": pair(tfdynconv.CondConv2D, tfdynconv.DepthwiseCondConv2D, num_experts=8),
    "DynamicConv 4": pair(tfdynconv.DynamicConv2D, tfdynconv.DepthwiseDynamicConv2D, num_kernels=4),
    "ODConv 1": functools.partial(odconv, num_kernels=1),
    "ODConv 4": functools.partial(odconv, num_kernels=4),
    "DyNet 6": pair(tfdynconv.DyNetConv2D, tfdynconv.DepthwiseDyNetConv2D, group_size=6),
    "Versatile": versatile,
}
# layers whose bars are common, and the bars: geometric means of training and forward, and no single shape above
BARS = {
    "CondConv 4, 8, DynamicConv, ODConv 1": (("CondConv 4", "CondConv 8", "DynamicConv 4", "ODConv 1"), 1.18, 1.3),
    "ODConv 4, DyNet": (("ODConv 4", "DyNet 6"), 1.5, None),
    "Versatile": (("Versatile",), 1.1, 1.1),
}


def candidates(name, made, shape, jit_compile, kinds=KINDS):
    x = tf.random.normal(shape.input_shape)
    made.build(x.shape)
    functions = {
        "forward, 1": lambda: forward(made, x[:1], jit_compile),
        "forward": lambda: forward(made, x, jit_compile),
        "training": lambda: training_step(made, x, jit_compile),
    }
    return {(name, kind): functions[kind]() for kind in kinds}


def measure(shape, jit_compile, seconds, names=LAYERS, kinds=KINDS):
    """`{(layer, kind): ratio}` for one shape."""
    made = {name: LAYERS[name](shape) for name in names}
    functions = candidates("static", static(shape), shape, jit_compile, kinds)
    for name, one in made.items():
        if one is not None:
            functions |= candidates(name, one, shape, jit_compile, kinds)
    times = interleaved(functions, seconds / 8)
    return {(name, kind): t / times["static", kind] for (name, kind), t in times.items() if name != "static"}


def grid(jit_compile, seconds, over=None, names=LAYERS):
    """`{shape: {(layer, kind): ratio}}`."""
    results = {}
    for shape in over or shapes.TRAINING:
        print(f"... {shape}, {'XLA' if jit_compile else 'graph'}", file=sys.stderr, flush=True)
        results[str(shape)] = measure(shape, jit_compile, seconds, names)
        keras.backend.clear_session()
    return results


def table(results):
    """Layers by rows: each shape's forward at batch 1 / forward / training."""
    names = list(dict.fromkeys(name for ratios in results.values() for name, _ in ratios))
    header = ["", *results, "geometric mean"]
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    for name in names:
        columns = [[ratios[name, kind] for kind in KINDS if (name, kind) in ratios] for ratios in results.values()]
        means = [geometric_mean(values) for values in zip(*(c for c in columns if c))]
        cells = [" / ".join(f"{v:.2f}" for v in column) for column in [*columns, means]]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def verdicts(results):
    """What the bars say: geometric mean and worst shape of the layers that share one."""
    for label, (names, *_) in BARS.items():
        for kind in ("training", "forward"):
            found = {
                (shape, name): ratios[name, kind]
                for shape, ratios in results.items()
                for name in names
                if (name, kind) in ratios
            }
            if found:
                worst = max(found, key=found.get)
                mean, highest = geometric_mean(found.values()), found[worst]
                yield f"{label}: {kind} {mean:.2f}, worst {highest:.2f} ({worst[1]} at {worst[0]})"


def plot(results, path):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4), layout="constrained")
    for axes, kind in zip(figure.subplots(1, 2, sharey=True), ("forward", "training")):
        for name in LAYERS:
            points = [(i, r[name, kind]) for i, r in enumerate(results.values()) if (name, kind) in r]
            if points:
                axes.plot(*zip(*points), "o-", label=name, markersize=4, linewidth=1)
        axes.axhline(1, color="black", linewidth=0.8)
        axes.set(title=f"{kind}, time over Conv2D", yscale="log", ylim=(0.3, 8))
        axes.set_yticks([0.5, 1, 1.5, 2, 3, 5], ["0.5", "1", "1.5", "2", "3", "5"])
        axes.set_xticks(range(len(results)), results, rotation=30, ha="right", fontsize=8)
        axes.grid(axis="y", alpha=0.3)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--place", choices=("graph", "xla", "both"), default="both")
    parser.add_argument("--shape", type=int, help="only this row of benchmarks/shapes.py, from 0")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--plot", metavar="FILE")
    options = parser.parse_args()
    over, names, seconds = None, LAYERS, options.seconds
    if options.shape is not None:
        over = [shapes.TRAINING[options.shape]]
    if options.quick:
        over, seconds = [shapes.TRAINING[i] for i in (1, 3, 6)], 0.2
        names = ("CondConv 8", "DynamicConv 4", "ODConv 4", "DyNet 6")
    drawn = None
    for place in ("graph", "xla"):
        if options.place in (place, "both"):
            results = grid(place == "xla", seconds, over, names)
            drawn = drawn or results
            print(f"Over Conv2D, forward at batch 1 / forward / training, {place}:\n\n{table(results)}\n", flush=True)
            print("\n".join(verdicts(results)) + "\n", flush=True)
    if options.plot:
        plot(drawn, options.plot)


if __name__ == "__main__":
    main()
