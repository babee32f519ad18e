"""Involution by shifted slices beside its two usual forms: whole patches, and slices that are joined.

python -m benchmarks.involution

Time and peak memory (Linux) of a training step, forward pass and gradients of input and kernels, over those of the slices.
"""

import itertools
import subprocess
import sys

import tensorflow as tf

from benchmarks.memory import high_water
from benchmarks.shapes import Shape
from benchmarks.timing import interleaved
from tfdynconv.ops.involution import involution

GROUP_CHANNELS = 16
SHAPES = [Shape(16, 28, 64, 64, 7), Shape(16, 14, 128, 128, 7), Shape(16, 56, 64, 64, 3)]


def weighed(patches, kernels, shape):
    """Patches `[batch, height, width, taps * channels]`, a tap's channels together, with kernels in groups of taps."""
    size, taps, groups = shape.size, shape.kernel**2, shape.channels // GROUP_CHANNELS
    apart = tf.reshape(patches, [-1, size, size, taps, groups, GROUP_CHANNELS])
    factors = tf.transpose(tf.reshape(kernels, [-1, size, size, groups, taps]), [0, 1, 2, 4, 3])
    return tf.reshape(tf.reduce_sum(apart * factors[..., tf.newaxis], 3), [-1, size, size, shape.channels])


def padded(x, shape):
    half = shape.kernel // 2
    return tf.pad(x, [[0, 0], [half, half], [half, half], [0, 0]])


def by_patches(x, kernels, shape):
    sizes = [1, shape.kernel, shape.kernel, 1]
    return weighed(tf.image.extract_patches(padded(x, shape), sizes, [1] * 4, [1] * 4, "VALID"), kernels, shape)


def by_joined_slices(x, kernels, shape):
    wide, n = padded(x, shape), shape.size
    taps = itertools.product(range(shape.kernel), repeat=2)
    return weighed(tf.concat([wide[:, i : i + n, j : j + n] for i, j in taps], -1), kernels, shape)


def by_slices(x, kernels, shape):
    return involution(x, kernels, shape.kernel, groups=shape.channels // GROUP_CHANNELS)


FORMS = {"slices": by_slices, "patches": by_patches, "joined": by_joined_slices}


def step(form, shape, batch, jit_compile=False):
    x = tf.random.normal([batch, *shape.input_shape[1:]])
    kernels = tf.random.normal([batch, shape.size, shape.size, shape.channels // GROUP_CHANNELS * shape.kernel**2])
    signature = [tf.TensorSpec([None, *a.shape[1:]]) for a in (x, kernels)]

    @tf.function(input_signature=signature, jit_compile=jit_compile, autograph=False)
    def run(x, kernels):
        with tf.GradientTape() as tape:
            tape.watch([x, kernels])
            loss = tf.reduce_sum(tf.square(FORMS[form](x, kernels, shape)))
        return tape.gradient(loss, [x, kernels])

    return lambda: run(x, kernels)


def peak(form, number):
    """Bytes above the resting process that three training steps take at most, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.involution", form, str(number)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def measure_peak(form, shape):
    step(form, shape, 1)()  # what does not depend on the batch is there now
    return high_water(step(form, shape, shape.batch))


def rows(seconds=2.0):
    """(shape, [time of patches and joined slices in graph, then under XLA, memory of both in graph]), over the slices'."""
    others = [name for name in FORMS if name != "slices"]
    for number, shape in enumerate(SHAPES):
        found = []
        for jit_compile in (False, True):
            times = interleaved({f: step(f, shape, shape.batch, jit_compile) for f in FORMS}, seconds, least=3)
            found += [times[name] / times["slices"] for name in others]
        memory = {name: peak(name, number) for name in FORMS}
        yield str(shape), [*found, *(memory[name] / memory["slices"] for name in others)]


def main():
    if len(sys.argv) > 1:
        print(measure_peak(sys.argv[1], SHAPES[int(sys.argv[2])]))
        return
    from benchmarks.__main__ import markdown, ratios

    header = ["time, patches", "time, joined", "XLA, patches", "XLA, joined", "memory, patches", "memory, joined"]
    print(markdown(["B,H,C,C,k; over shifted slices", *header], ratios(rows())))


if __name__ == "__main__":
    main()
