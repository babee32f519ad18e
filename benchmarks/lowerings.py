"""Each lowering of the per-sample convolution beside the others, as a ratio to one static convolution."""

import functools

import tensorflow as tf

from benchmarks import shapes
from benchmarks.timing import interleaved
from tfdynconv.ops import per_sample_conv, per_sample_depthwise_conv

NAMES = ("auto", "loop", "grouped", "matmul", "unrolled", "vectorized")


def static(shape):
    convolve = tf.nn.depthwise_conv2d if shape.depthwise else tf.nn.conv2d
    strides = [1, shape.strides, shape.strides, 1]
    return lambda x, k: convolve(x, k, strides, "SAME")


def per_sample(shape, name):
    convolve = per_sample_depthwise_conv if shape.depthwise else per_sample_conv
    return lambda x, k: convolve(x, k, shape.strides, "same", lowering=name)


def steps(convolve, x, k, jit_compile):
    """Forward pass, and forward pass with both gradients, traced with an unknown batch."""
    batched = k.shape.rank == x.shape.rank + 1
    signature = [
        tf.TensorSpec([None, *x.shape[1:]], x.dtype),
        tf.TensorSpec([None, *k.shape[1:]] if batched else k.shape, k.dtype),
    ]

    def training(x, k):
        with tf.GradientTape() as tape:
            tape.watch([x, k])
            loss = tf.reduce_sum(tf.square(convolve(x, k)))
        return tape.gradient(loss, [x, k])

    wrap = tf.function(input_signature=signature, jit_compile=jit_compile, autograph=False)
    forward, train = wrap(convolve), wrap(training)
    return {"forward": lambda: forward(x, k), "training": lambda: train(x, k)}


VOLUMES = [(2, 16, 24), (4, 16, 16), (8, 16, 16), (8, 32, 32), (16, 16, 16)]  # cells a side, channels, filters


def volumes(seconds=0.5, batch=16):
    """Rows of (shape, [training by "matmul" over training by "loop"]) in three dimensions, kernel 3x3x3."""
    for size, channels, filters in VOLUMES:
        x = tf.random.normal([batch, size, size, size, channels])
        kernels = tf.random.normal([batch, 3, 3, 3, channels, filters])
        candidates = {}
        for name in ("loop", "matmul"):
            convolve = functools.partial(per_sample_conv, padding="same", lowering=name)
            candidates[name] = steps(convolve, x, kernels, False)["training"]
        times = interleaved(candidates, seconds, least=5)
        yield f"{batch},{size},{channels},{filters},3", [times["matmul"] / times["loop"]]


def table(jit_compile, seconds=1.0, names=NAMES):
    """Rows of (shape, [forward / training for each lowering])."""
    for shape in shapes.TRAINING:
        x = tf.random.normal(shape.input_shape)
        one = [shape.channels, 1] if shape.depthwise else [shape.channels, shape.filters]
        kernel = tf.random.normal([shape.kernel, shape.kernel, *one])
        kernels = tf.random.normal([shape.batch, shape.kernel, shape.kernel, *one])
        candidates = {("static", kind): f for kind, f in steps(static(shape), x, kernel, jit_compile).items()}
        for name in names:
            for kind, function in steps(per_sample(shape, name), x, kernels, jit_compile).items():
                candidates[name, kind] = function
        times = interleaved(candidates, seconds / len(names), least=5)
        yield (
            str(shape),
            [[times[name, kind] / times["static", kind] for kind in ("forward", "training")] for name in names],
        )
