"""The TensorFlow worker of `benchmarks.peers`: Keras' `Conv2D`, this package's layer, and what one writes without it."""

import sys

import numpy as np
import tensorflow as tf

from benchmarks import formulations, layers
from benchmarks.peer_shapes import EXPERTS, PEERS
from benchmarks.peer_worker import serve
from benchmarks.steps import forward, training_step


def candidates(number, path):
    """The other worker reads inputs, weights and outputs at `path`, and must come to the same outputs."""
    shape = PEERS[number]
    x = tf.random.normal(shape.input_shape)
    ours = layers.cond(shape, EXPERTS)
    ours.build(x.shape)
    ours.bias.assign(tf.random.normal(ours.bias.shape))  # not zeros, which would agree with anything
    found = {"Conv2D": layers.static(shape), "CondConv2D": ours}
    found["Conv2D"].build(x.shape)
    for name, formulation in formulations.ALL.items():
        found[name] = formulations.Straightforward(formulation, shape, EXPERTS)
        found[name].build(x.shape)
        found[name].set_weights(ours.get_weights())
    save(path, shape, ours, x)
    steps = {"forward": forward, "training": training_step}
    made = {
        kind: {name: working(step(layer, x, False)) for name, layer in found.items()} for kind, step in steps.items()
    }
    outputs = made["forward"]["CondConv2D"]().numpy()
    for name in formulations.ALL:
        if callable(made["forward"][name]):
            check(name, shape, made["forward"][name]().numpy(), outputs)
    return made


def working(function):
    """The function, traced; where it cannot run, the reason."""
    try:
        function()
    except (tf.errors.OpError, LookupError, NotImplementedError) as error:
        return getattr(error, "message", str(error)).strip().splitlines()[0]
    return function


def save(path, shape, layer, x):
    """With the padding of PyTorch's layers, the same on both sides; at stride 1 it is "same"."""
    symmetric = type(layer).from_config({**layer.get_config(), "padding": shape.kernel // 2})
    symmetric.build(x.shape)
    symmetric.set_weights(layer.get_weights())
    names = ("bank", "bias", "routing_kernel", "routing_bias")
    np.savez(path, inputs=x, outputs=symmetric(x), **dict(zip(names, symmetric.get_weights())))


def check(name, shape, found, wanted):
    difference = np.abs(found - wanted).max() / np.abs(wanted).max()
    if not difference < 1e-4:
        raise RuntimeError(f"{shape}: {name} and CondConv2D differ by {difference:.1e} of the largest output.")


if __name__ == "__main__":
    threads = int(sys.argv[1])
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    tf.get_logger().setLevel("ERROR")  # vectorized_map says at each trace what it cannot vectorize
    tf.random.set_seed(0)
    serve(candidates)
