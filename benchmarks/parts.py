"""Where the time goes: each part of `CondConv2D` with 8 experts by itself, in parts of the static layer's time.

    python -m benchmarks.parts [--seconds S]

Parts of the forward pass are divided by the static layer's forward pass, those of training by its training step. What the last
rows, the whole layer, have beyond 1 and the sum of the parts is what calling ops and fetching memory for results takes.
"""

import argparse

import tensorflow as tf

from benchmarks import layers, shapes
from benchmarks.grid.table import markdown
from benchmarks.steps import forward, training_step
from benchmarks.timing import interleaved
from tfdynconv.ops.geometry import ConvGeometry
from tfdynconv.ops.lowerings import depthwise, native
from tfdynconv.ops.lowerings.loop import Loop
from tfdynconv.ops.lowerings.matmul import Matmul
from tfdynconv.ops.mixing import bank_gradient, coefficient_gradient, mix

EXPERTS = 8
SHAPES = [shape for shape in shapes.TRAINING if shape.size != 7]  # there a tap at a time is mixed and multiplied
ROWS = {  # the timed part, the static one that is taken off it, what both are divided by
    "convolution above the static one, forward": ("conv", "static conv", "static forward"),
    "mixing, forward": ("mix", None, "static forward"),
    "mean for the routing, forward": ("mean", None, "static forward"),
    "bias of each sample, forward": ("bias", None, "static forward"),
    "convolution above the static one, training": ("conv", "static conv", "static training"),
    "input's gradient above the static one, training": ("input_grad", "static input_grad", "static training"),
    "kernels' gradient above the static one, training": ("kernel_grad", "static kernel_grad", "static training"),
    "mixing, training": ("mix", None, "static training"),
    "bank's gradient, training": ("bank_grad", None, "static training"),
    "coefficients' gradient, training": ("coefficient_grad", None, "static training"),
    "mean and its gradient, training": ("mean and gradient", None, "static training"),
    "bias of each sample, training": ("bias", None, "static training"),
    "the layer, forward": ("forward", None, "static forward"),
    "the layer, training": ("training", None, "static training"),
}


def parts(shape):
    """`{name: function}` to time, all on one shape."""
    primitive = depthwise if shape.depthwise else native
    lowering = Matmul() if shape.kernel == 1 else Loop(primitive)
    geometry, window = ConvGeometry((shape.strides,) * 2, (1, 1), "SAME"), (shape.kernel,) * 2
    sizes, out = (shape.size,) * 2, -(-shape.size // shape.strides)
    kernel = (*window, shape.channels, 1 if shape.depthwise else shape.filters)
    x, y = tf.random.normal(shape.input_shape), tf.random.normal([shape.batch, out, out, shape.filters])
    bank, kernels = tf.random.normal([EXPERTS, *kernel]), tf.random.normal([shape.batch, *kernel])
    coefficients, bias = tf.random.normal([shape.batch, EXPERTS]), tf.random.normal([shape.batch, shape.filters])
    static, dynamic = layers.static(shape), layers.cond(shape, EXPERTS)
    static.build(x.shape), dynamic.build(x.shape)
    one = bank[0]

    def mean_and_gradient(x, coefficients):
        means = tf.reduce_mean(x, [1, 2], keepdims=True)
        return x + tf.broadcast_to(means, tf.shape(x)) / (shape.size * shape.size)

    return {
        "static forward": forward(static, x, False),
        "static training": training_step(static, x, False),
        "forward": forward(dynamic, x, False),
        "training": training_step(dynamic, x, False),
        "conv": traced(lambda x, k: lowering.conv(x, k, geometry), x, kernels),
        "input_grad": traced(lambda y, k: lowering.input_grad(y, k, geometry, sizes), y, kernels),
        "kernel_grad": traced(lambda x, y: lowering.kernel_grad(x, y, geometry, window), x, y),
        "static conv": traced(lambda x: primitive.conv(x, one, geometry), x),
        "static input_grad": traced(lambda y: primitive.input_grad(y, one, geometry, sizes), y),
        "static kernel_grad": traced(lambda x, y: primitive.kernel_grad(x, y, geometry, window), x, y),
        "mix": traced(lambda a: mix(bank, a), coefficients),
        "bank_grad": traced(lambda a, k: bank_gradient(a, k, bank.shape), coefficients, kernels),
        "coefficient_grad": traced(lambda k: coefficient_gradient(bank, k, None), kernels),
        "mean": traced(lambda x: tf.reduce_mean(x, [1, 2]), x),
        "mean and gradient": traced(mean_and_gradient, x, coefficients),
        "bias": traced(lambda y, b: y + b[:, tf.newaxis, tf.newaxis], y, bias),
    }


def traced(function, *tensors):
    """For a batch that is not known, as in `model.fit`."""
    specs = [tf.TensorSpec([None, *tensor.shape[1:]], tensor.dtype) for tensor in tensors]
    concrete = tf.function(function, autograph=False).get_concrete_function(*specs)
    return lambda: concrete(*tensors)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=0.4, help="for each part and shape (default 0.4)")
    seconds = parser.parse_args().seconds
    tf.get_logger().setLevel("ERROR")  # it warns of the many functions that are traced here on purpose
    times = {}
    for shape in SHAPES:
        print(f"{shape} ...", flush=True)
        times[shape] = interleaved(parts(shape), seconds)
    rows = []
    for row, (part, static, whole) in ROWS.items():
        ratios = [(t[part] - (t[static] if static else 0)) / t[whole] for t in times.values()]
        rows.append([row, *(f"{ratio:.2f}" for ratio in ratios)])
    print(markdown(["part", *map(str, SHAPES)], rows))


if __name__ == "__main__":
    main()
