"""DRConv's region convolution, 8 regions, against computing all regions and selecting, as published code does on a CPU."""

import subprocess
import sys

import tensorflow as tf

from benchmarks.memory import high_water
from benchmarks.shapes import Shape
from benchmarks.timing import interleaved
from tfdynconv.ops import hard_assignment, per_sample_conv, region_conv

SHAPES = [Shape(32, 14, 192, 192, 1), Shape(32, 28, 116, 116, 1), Shape(32, 28, 64, 64, 3)]
REGIONS = 8


def routed(x, kernels, guide):
    return region_conv(x, kernels, guide, padding="same")


def all_and_select(x, kernels, guide):
    """Every region's kernel at every pixel in one convolution, whose m-fold output meets the choice."""
    batch, m, height, width, channels, filters = kernels.shape
    merged = tf.reshape(tf.transpose(kernels, [0, 2, 3, 4, 1, 5]), [-1, height, width, channels, m * filters])
    outputs = per_sample_conv(x, merged, padding="same")
    shape = tf.shape(outputs)
    apart = tf.reshape(outputs, [shape[0], shape[1], shape[2], m, filters])
    return tf.reduce_sum(apart * hard_assignment(guide)[..., tf.newaxis], -2)


FORMS = {"routed": routed, "all": all_and_select}


def steps(form, tensors, jit_compile=False):
    """Forward pass, training step, and training step with a guide that wants no gradient; traced with an unknown batch."""
    signature = [tf.TensorSpec([None, *t.shape[1:]], t.dtype) for t in tensors]

    def step(*sources):
        def run(*values):
            with tf.GradientTape() as tape:
                tape.watch([values[i] for i in sources])
                loss = tf.reduce_sum(tf.square(form(*values)))
            return tape.gradient(loss, [values[i] for i in sources])

        return run

    functions = {"forward": form, "training": step(0, 1, 2), "fixed guide": step(0, 1)}
    wrap = tf.function(input_signature=signature, jit_compile=jit_compile, autograph=False)
    traced = {name: wrap(function) for name, function in functions.items()}
    return {name: (lambda f=f: f(*tensors)) for name, f in traced.items()}


def tensors_of(shape, make=tf.random.normal, batch=None):
    batch = shape.batch if batch is None else batch
    kernels = [batch, REGIONS, shape.kernel, shape.kernel, shape.channels, shape.filters]
    guide = tf.random.normal([batch, shape.size, shape.size, REGIONS])
    return make([batch, *shape.input_shape[1:]]), make(kernels), guide


def table(seconds=2.0):
    """Rows of (shape, [forward, training, training with a fixed guide, peak memory of a training step])."""
    for shape in SHAPES:
        tensors = tensors_of(shape)
        candidates = {(name, kind): f for name in FORMS for kind, f in steps(FORMS[name], tensors).items()}
        times = interleaved(candidates, seconds)
        kinds = ("forward", "training", "fixed guide")
        row = [times["routed", kind] / times["all", kind] for kind in kinds]
        yield str(shape), [*row, peak("routed", shape) / peak("all", shape)]


def peak(name, shape):
    arguments = (name, shape.batch, shape.size, shape.channels, shape.filters, shape.kernel)
    command = [sys.executable, "-m", "benchmarks.regions", *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1])


def main():
    """Bytes that training steps take at most, above the resting process with the inputs."""
    shape = Shape(*map(int, sys.argv[2:]))
    form = FORMS[sys.argv[1]]
    # with one sample first: everything that does not depend on the batch is there then
    steps(form, tensors_of(shape, batch=1))["training"]()
    # ones, for random numbers leave memory behind that the step would take without being seen
    print(high_water(steps(form, tensors_of(shape, tf.ones))["training"]))


if __name__ == "__main__":
    main()
