"""The plan's choice beside every lowering, on the shapes of the grid: how far it is from the best.

python -m benchmarks.plan                     # graph and XLA, five minutes on two cores
python -m benchmarks.plan --place graph
ONEDNN_MAX_CPU_ISA=AVX2 tfdynconv tune --out tfdynconv/ops/machine.json    # the paces that come with the package

All of a shape run in turn in one process. A choice counts as right within 15 % of the best, or where the middle halves of the
two's times overlap.
"""

import argparse
import statistics
import sys

import tensorflow as tf

from benchmarks import shapes
from benchmarks.lowerings import per_sample, steps
from tfdynconv.tuning import CLOSE
from tfdynconv.tuning.measure import interleaved

# Under XLA "vectorized" trains ten to thirty times slower: it is no candidate there.
NAMES = {"graph": ("loop", "grouped", "matmul", "vectorized"), "xla": ("loop", "grouped", "matmul")}
KINDS = ("forward", "training")


def times(shape, place, seconds):
    """`{(name, kind): seconds of each run}`; the plan's own choice is named "auto"."""
    x = tf.random.normal(shape.input_shape)
    last = [shape.channels, 1] if shape.depthwise else [shape.channels, shape.filters]
    kernels = tf.random.normal([shape.batch, shape.kernel, shape.kernel, *last])
    jobs = {}
    for name in ("auto", *NAMES[place]):
        for kind, function in steps(per_sample(shape, name), x, kernels, place == "xla").items():
            jobs[name, kind] = function
    return interleaved(jobs, seconds)


def verdict(found, kind):
    """The best lowering's name, the choice's time over its, and whether that is right."""
    medians = {name: statistics.median(t) for (name, of), t in found.items() if of == kind}
    choice = medians.pop("auto")
    best = min(medians, key=medians.get)
    ratio = choice / medians[best]
    return best, ratio, ratio <= CLOSE or quartiles(found["auto", kind])[0] <= quartiles(found[best, kind])[1]


def quartiles(values):
    low, _, high = statistics.quantiles(values, n=4)
    return low, high


def spread(values):
    """The width of the middle half of the times, over the median."""
    low, high = quartiles(values)
    return (high - low) / statistics.median(values)


def rows(place, seconds, over=shapes.TRAINING):
    """(shape, kind, best, ratio, whether it is right, spread of the choice's times)."""
    for shape in over:
        print(f"... {shape}, {place}", file=sys.stderr, flush=True)
        found = times(shape, place, seconds)
        for kind in KINDS:
            yield shape, kind, *verdict(found, kind), spread(found["auto", kind])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--place", choices=("graph", "xla", "both"), default="both")
    parser.add_argument("--seconds", type=float, default=4.0, help="for each shape")
    options = parser.parse_args()
    for place in ("graph", "xla"):
        if options.place in (place, "both"):
            print(f"| {place}, B,H,C,O,k | | best | choice over best | spread |\n|---|---|---|---|---|")
            right, ratios = [], []
            for shape, kind, best, ratio, is_right, width in rows(place, options.seconds):
                print(f"| {shape} | {kind} | {best} | {ratio:.2f} | {width:.2f} |", flush=True)
                right.append(is_right)
                ratios.append(ratio)
            print(f"\n{place}: within 15 % or the spread in {sum(right)} of {len(right)}, worst {max(ratios):.2f}\n")


if __name__ == "__main__":
    main()
