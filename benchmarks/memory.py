"""Peak memory of a training step, in a process of its own (Linux): how it grows with the batch, and at large kernels.

python -m benchmarks.memory    # 32,7,512,512,3 with 8 experts beside Conv2D: two minutes
"""

import pathlib
import subprocess
import sys


def peak(batch, size, channels, filters, kernel, layer="cond"):
    """Bytes above the resting process that three training steps of CondConv2D (or Conv2D: "static") take at most."""
    command = [sys.executable, "-m", "benchmarks.memory", layer, *map(str, (batch, size, channels, filters, kernel))]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1])


def growth(shape):
    """Peak memory at twice the batch over that at the shape's batch."""
    arguments = (shape.size, shape.channels, shape.filters, shape.kernel)
    return peak(2 * shape.batch, *arguments) / peak(shape.batch, *arguments)


def status(field):
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return 1024 * int(line.split()[1])


def high_water(step, repeats=3):
    """Bytes above what the process holds now that some runs of a step take at most."""
    resting = status("VmRSS")
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    for _ in range(repeats):
        step()
    return status("VmHWM") - resting


def large_kernels(shape=(32, 7, 512, 512, 3), experts=8):
    """The bar: Conv2D's peak, twice the bank, and 256 MB."""
    ours, static = peak(*shape) / 2**20, peak(*shape, layer="static") / 2**20
    bank = experts * 4 * shape[2] * shape[3] * shape[4] ** 2 / 2**20
    name = ",".join(map(str, shape))
    bar = static + 2 * bank + 256
    return (
        f"{name}: peak of a training step {ours:.0f} MB, Conv2D {static:.0f} MB, bank {bank:.0f} MB, bar {bar:.0f} MB"
    )


def main():
    if len(sys.argv) == 1:
        print(large_kernels())
        return

    import tensorflow as tf

    from benchmarks.layers import cond, static
    from benchmarks.shapes import Shape
    from benchmarks.steps import training_step

    make = {"cond": cond, "static": static}[sys.argv[1]]
    shape = Shape(*map(int, sys.argv[2:]))
    small = tf.random.normal((1, *shape.input_shape[1:]))
    layer = make(shape)
    layer.build(small.shape)
    training_step(layer, small, False)()  # everything that does not depend on the batch is there now
    x = tf.random.normal(shape.input_shape)
    print(high_water(training_step(layer, x, False)))


if __name__ == "__main__":
    main()
