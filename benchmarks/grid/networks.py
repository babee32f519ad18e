"""Whole networks with dynamic convolutions everywhere but in stem and classifier, over the static network."""

import dataclasses
import functools
import typing

import keras
import tensorflow as tf

from benchmarks.grid.part import Bar, Part, over_static
from benchmarks.steps import any_batch
from benchmarks.timing import interleaved
from tfdynconv import models
from tfdynconv.models.convolutions import inside

KINDS = ("forward, 1", "forward", "training")
CLASSES = 100


@dataclasses.dataclass(frozen=True)
class Network:
    name: str
    size: int
    batch: int
    build: typing.Callable

    def __str__(self):
        return f"{self.name}, {self.size}x{self.size}, batch {self.batch}"

    def make(self, convolutions=None):
        return self.build(convolutions, input_shape=(self.size, self.size, 3), classes=CLASSES, padding="same")


def training_step(model, x, labels, jit_compile):
    """A step of `fit`: loss, gradients for the weights, and gradient descent, traced for batches of any size."""
    # so small a rate that a thousand steps leave the weights where a training has them
    model.compile(keras.optimizers.SGD(1e-5), "sparse_categorical_crossentropy")
    model.optimizer.build(model.trainable_variables)
    signature = [tf.TensorSpec([None, *t.shape[1:]], t.dtype) for t in (x, labels)]

    @tf.function(input_signature=signature, jit_compile=jit_compile, autograph=False)
    def run(images, classes):
        return model.train_step((images, classes))

    return lambda: run(x, labels)


def candidates(name, model, network, jit_compile):
    x = tf.random.normal([network.batch, network.size, network.size, 3])
    labels = tf.random.uniform([network.batch], maxval=CLASSES, dtype=tf.int32)
    one, run = x[:1], any_batch(model, [x], False, jit_compile)
    return {
        (name, "forward, 1"): lambda: run(one),
        (name, "forward"): lambda: run(x),
        (name, "training"): training_step(model, x, labels, jit_compile),
    }


def measure(network, rows, jit_compile, seconds):
    functions = candidates("static", network.make(), network, jit_compile)
    for name, convolutions in rows.items():
        functions |= candidates(name, network.make(convolutions), network, jit_compile)
    return over_static(interleaved(functions, seconds / 4), rows)


MOBILENET = Network("MobileNetV2 0.5", 96, 32, functools.partial(models.mobilenet_v2, width=0.5))
RESNET = Network("ResNet-18", 64, 16, functools.partial(models.resnet, 18))
ROWS = {
    "CondConv 8": models.condconv(inside, num_experts=8),
    "DynamicConv 4": models.dynamic_conv(4),
    "ODConv 1": models.odconv(1),
}
NETWORKS = Part(
    title="whole networks over the static network",
    cases=(MOBILENET, RESNET),
    rows=ROWS,
    kinds=KINDS,
    measure=measure,
    bars={
        "graph": (
            Bar("whole networks", tuple(ROWS), "training", mean=1.3),
            Bar("whole networks", tuple(ROWS), "forward", mean=1.4),
            Bar("whole networks", tuple(ROWS), "forward, 1", mean=1.4),
        ),
        "xla": (Bar("whole networks", tuple(ROWS), "training", mean=1.7),),
    },
    quick_cases=(RESNET,),
    quick_rows=("CondConv 8",),
    drawn=("forward", "training"),
)
