"""Print what whole networks cost on one core of a TPU, by its compiler, as Markdown. No TPU is needed.

python -m benchmarks.scaling                                         # every network, batch 32; some minutes each
python -m benchmarks.scaling --network "DY-MobileNetV2, K=4" --batch 64 --size 160
python -m benchmarks.scaling --network "ODConv-ResNet-50, n=1" --train

bfloat16 with float32 weights, one core of a v5e, the forward pass unless --train. `docs/scaling.md` draws on it.
"""

import argparse
import math
import sys

import keras
import tensorflow as tf

from benchmarks import mobilenet
from tfdynconv import models
from tfdynconv.export.tpu import model_program
from tfdynconv.export.tpu_compiler import compile_programs
from tfdynconv.layers.base_mixture import BaseMixture
from tfdynconv.layers.walk import walk


def resnet50(convolutions=None):
    return lambda size: models.resnet(50, convolutions, input_shape=(size, size, 3), padding="same")


def mobilenet_v2(name):
    return lambda size: mobilenet.network(mobilenet.NETWORKS[name][0], size=size)


NETWORKS = {
    "MobileNetV2": mobilenet_v2("static"),
    "DY-MobileNetV2, K=4": mobilenet_v2("depthwise dynamic too"),
    "ResNet-50": resnet50(),
    "ODConv-ResNet-50, n=1": resnet50(models.odconv()),
    "ODConv-ResNet-50, n=4": resnet50(models.odconv(4)),
}
HEADER = ["network", "ms", "Gflop", "GB moved", "weights", "temporary", "kernels of a sample", "uncosted ops"]


def sample_kernels(model):
    """(floats of all kernels mixed for one sample, those of the largest layer)."""
    sizes = [math.prod(layer.kernel.shape[1:]) for layer in walk(model) if isinstance(layer, BaseMixture)]
    return sum(sizes), max(sizes, default=0)


def row(name, batch, size, train):
    print(f"... {name}", file=sys.stderr, flush=True)
    model = NETWORKS[name](size)
    program = model_program(model, tf.TensorSpec([batch, size, size, 3], tf.bfloat16), train, "bfloat16")
    (found,) = compile_programs([program], "v5e:2x2", "benchmarks.scaling")
    if found.error is not None:
        return [name, f"none: {' '.join(found.error.split())[:300]}", *[""] * 6]
    total, largest = sample_kernels(model)
    keras.backend.clear_session()
    return [
        name,
        f"{1000 * found.seconds:.2f}",
        f"{found.flops / 1e9:.0f}",
        f"{found.bytes / 1e9:.2f}",
        f"{found.arguments / 1e6:.0f} MB",
        f"{found.temporary / 1e6:.0f} MB",
        f"{2 * total / 1e6:.1f} MB, largest {2 * largest / 1e6:.2f}",
        f"{found.uncosted}",
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", action="append", choices=NETWORKS)
    parser.add_argument("--batch", type=int, default=32, help="of one core (default: 32)")
    parser.add_argument("--size", type=int, default=224, help="of the images (default: 224)")
    parser.add_argument("--train", action="store_true")
    asked = parser.parse_args()
    print(f"batch {asked.batch}, {asked.size}x{asked.size}, {'training step' if asked.train else 'forward pass'}:\n")
    print(f"| {' | '.join(HEADER)} |\n{'|---' * len(HEADER)}|")
    for name in asked.network or NETWORKS:
        print(f"| {' | '.join(row(name, asked.batch, asked.size, asked.train))} |", flush=True)


if __name__ == "__main__":
    main()
