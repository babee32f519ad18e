"""What it takes to make ResNet50 dynamic, and how fast a fused network is beside the plain one: python -m benchmarks.surgery"""

import time

import keras
import numpy as np
import tensorflow as tf

import tfdynconv
from benchmarks.memory import high_water
from benchmarks.timing import interleaved


def to_dynamic():
    """(seconds, peak memory over the weights of the new model) for ResNet50 at 224x224."""
    static, made = keras.applications.ResNet50(weights=None), []

    def step():
        begin = time.perf_counter()
        made.append(tfdynconv.surgery.to_dynamic(static, print_fn=lambda text: None))
        made.append(time.perf_counter() - begin)

    bytes_above = high_water(step, repeats=1)
    new, seconds = made
    return seconds, bytes_above / sum(np.array(weight).nbytes for weight in new.weights)


def chain(versatile, norm):
    """Three convolutions with or without what folds: VersatileConv2D and batch normalisation."""
    layers = []
    for i, filters in enumerate((32, 64, 64)):
        conv = tfdynconv.VersatileConv2D if versatile and i else keras.layers.Conv2D
        layers.append(conv(filters, 3, padding="same"))
        layers += [keras.layers.BatchNormalization()] if norm else []
        layers.append(keras.layers.ReLU())
    return keras.Sequential([keras.Input([56, 56, 16]), *layers])


def fused():
    """Time of the fused network over that of the same network of plain convolutions."""
    new = tfdynconv.surgery.fuse(chain(True, True), print_fn=lambda text: None)
    x = tf.random.normal([8, 56, 56, 16])
    functions = {"fused": tf.function(new), "plain": tf.function(chain(False, False))}
    times = interleaved({name: lambda f=f: f(x, training=False) for name, f in functions.items()})
    return times["fused"] / times["plain"]


if __name__ == "__main__":
    seconds, memory = to_dynamic()
    print(f"ResNet50 to_dynamic: {seconds:.1f} s, peak {memory:.2f} times the dynamic model's weights")
    print(f"fused over plain: {fused():.2f}")
