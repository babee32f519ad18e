"""Print the TPU compiler's estimates of each lowering over a static convolution, as Markdown. No TPU is needed.

python -m benchmarks.tpu                           # every shape, some fifteen minutes
python -m benchmarks.tpu --shape 32,28,64,64,3     # one of them; may be repeated
python -m benchmarks.tpu --layers                  # CondConv2D over Conv2D, mixing and routing included

bfloat16, one core of a v5e. A figure is forward / training; training is forward and both gradients of a sum of squares. Where
kernels are an argument, the compiler fetches them ahead into fast memory and counts that at four times their size: the second
table has that switched off. The third is its scheduler's clock cycles in place of the estimate.
"""

import argparse
import sys

import keras
import tensorflow as tf

import tfdynconv
from benchmarks.lowerings import static
from benchmarks.shapes import TRAINING, Shape
from tfdynconv.export.hlo import lowered
from tfdynconv.export.tpu_compiler import compile_programs
from tfdynconv.ops import plan
from tfdynconv.ops.geometry import ConvGeometry
from tfdynconv.ops.trilinear import differentiable

SHAPES = [*TRAINING, Shape(128, 14, 128, 128, 3)]
CANDIDATES = {
    "conv": ("grouped", "grouped_native", "grouped_tpu", "matmul", "rows"),
    "depthwise": ("grouped", "matmul"),
}
NAMES = ("plan", *dict.fromkeys(name for names in CANDIDATES.values() for name in names))
NOT_AHEAD = {"xla_msa_max_cross_program_prefetches": "0"}
TABLES = {
    "the compiler's estimate": ({}, "seconds"),
    "the same, no argument fetched ahead": (NOT_AHEAD, "seconds"),
    "the scheduler's cycles, no argument fetched ahead": (NOT_AHEAD, "cycles"),
}


def per_sample(shape, name):
    """`f(x, kernels)` by one lowering of the plan's table."""
    kind = "depthwise" if shape.depthwise else "conv"
    geometry = ConvGeometry((shape.strides,) * 2, (1, 1), "SAME")
    size = (shape.kernel, shape.kernel)
    return lambda x, k: differentiable(plan.LOWERINGS[kind][name], x, k, geometry, size, shape.filters)


def chosen(shape):
    kind = "depthwise" if shape.depthwise else "conv"
    pixels = (-(-shape.size // shape.strides)) ** 2
    return plan.rule_for("tpu", plan.Case(kind, (shape.kernel,) * 2, pixels, stride=shape.strides))


def training(function):
    def step(x, k):
        with tf.GradientTape() as tape:
            tape.watch([x, k])
            loss = tf.reduce_sum(tf.square(function(x, k)))
        return tape.gradient(loss, [x, k])

    return step


def programs(shape):
    """`{(name, whether training): HLO}`, static among the names."""
    one = [shape.kernel, shape.kernel, shape.channels, 1 if shape.depthwise else shape.filters]
    x = tf.TensorSpec(shape.input_shape, tf.bfloat16)
    found = {}
    for name in ("static", *CANDIDATES["depthwise" if shape.depthwise else "conv"]):
        function = static(shape) if name == "static" else per_sample(shape, name)
        kernel = tf.TensorSpec(one if name == "static" else [shape.batch, *one], tf.bfloat16)
        found[name, False] = lowered(function, (x, kernel))
        found[name, True] = lowered(training(function), (x, kernel))
    return found


def layer_programs(shape):
    """Those of `Conv2D` and of `CondConv2D` with 8 experts by each lowering, weights and activations in bfloat16."""
    x = tf.TensorSpec(shape.input_shape, tf.bfloat16)
    arguments = {"padding": "same", "strides": shape.strides, "dtype": "bfloat16"}
    own = {"kernel_size": shape.kernel} if shape.depthwise else {"filters": shape.filters, "kernel_size": shape.kernel}
    kind = "depthwise" if shape.depthwise else "conv"
    static_class = keras.layers.DepthwiseConv2D if shape.depthwise else keras.layers.Conv2D
    dynamic_class = tfdynconv.DepthwiseCondConv2D if shape.depthwise else tfdynconv.CondConv2D
    found = {}
    for name in ("static", *CANDIDATES[kind]):
        layer = (static_class if name == "static" else dynamic_class)(**own, **arguments)
        layer.build(shape.input_shape)
        rules = plan.RULES[:]
        if name != "static":
            plan.RULES.insert(0, ("tpu", kind, plan.always, name, "for this table"))
        try:
            found[name, False] = lowered(layer, (x,))
            found[name, True] = lowered(layer_training(layer), (x,))
        finally:
            plan.RULES[:] = rules
    return found


def layer_training(layer):
    weights = [getattr(weight, "value", weight) for weight in layer.trainable_weights]

    def step(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(tf.square(layer(x, training=True)))
        return tape.gradient(loss, [x, *weights])

    return step


def figures(found, options):
    keys = list(found)
    return dict(zip(keys, compile_programs([found[key] for key in keys], "v5e:2x2", "benchmarks.tpu", options)))


def row(shape, found, what):
    """Cells of forward / training over static; the plan's choice in words."""

    def ratio(name, train):
        own = found[name, train]
        if own.error is not None:
            return "none"
        base = getattr(found["static", train], what)
        return f"{getattr(own, what) / base:.2f}" + (" (loop)" if own.loops else "")

    cells = [chosen(shape)]
    for name in NAMES[1:]:
        cells.append(f"{ratio(name, False)} / {ratio(name, True)}" if (name, True) in found else "")
    return f"| {shape} | {' | '.join(cells)} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", action="append", choices=[str(shape) for shape in SHAPES])
    parser.add_argument("--layers", action="store_true")
    parser.add_argument("--only", nargs="+", choices=NAMES[1:], help="these lowerings")
    asked = parser.parse_args()
    if asked.only:
        CANDIDATES.update({kind: [n for n in names if n in asked.only] for kind, names in CANDIDATES.items()})
    rows = {title: [] for title in TABLES}
    for shape in [shape for shape in SHAPES if asked.shape is None or str(shape) in asked.shape]:
        print(f"... {shape}", file=sys.stderr, flush=True)
        found = layer_programs(shape) if asked.layers else programs(shape)
        compiled = {str(options): figures(found, options) for options in ({}, NOT_AHEAD)}
        base = compiled[str({})]
        print(
            f"... static {1e6 * base['static', False].seconds:.0f} / {1e6 * base['static', True].seconds:.0f} us",
            file=sys.stderr,
        )
        for title, (options, what) in TABLES.items():
            rows[title].append(row(shape, compiled[str(options)], what))
    for title, lines in rows.items():
        header = f"| B,H,C,O,k | {' | '.join(NAMES)} |\n" + "|---" * (len(NAMES) + 1) + "|"
        print(f"{title}, over {'Conv2D' if asked.layers else 'a static convolution'}:\n\n{header}")
        print("\n".join(lines) + "\n", flush=True)


if __name__ == "__main__":
    main()
