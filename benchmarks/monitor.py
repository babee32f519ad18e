"""What `RoutingMonitor` costs: the time of its forward pass, as a share of a training epoch's.

python -m benchmarks.monitor

One small network on scikit-learn's digits, 1,797 images of 8x8: of all trainings the one in which a fixed cost counts most.
"""

import time

import keras
import numpy as np
from sklearn.datasets import load_digits

import tfdynconv

EPOCHS = 12


class Timed(tfdynconv.training.RoutingMonitor):
    """Notes how long each of its turns takes, and each epoch with it."""

    def on_train_begin(self, logs=None):
        self.own, self.epochs = [], []
        begin = time.perf_counter()
        super().on_train_begin(logs)
        self.tracing = time.perf_counter() - begin

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()
        super().on_epoch_begin(epoch, logs)
        self.first = time.perf_counter() - self.start

    def on_epoch_end(self, epoch, logs=None):
        begin = time.perf_counter()
        super().on_epoch_end(epoch, logs)
        end = time.perf_counter()
        self.own.append(self.first + end - begin)
        self.epochs.append(end - self.start)


def network():
    options = {"padding": "same", "activation": "relu"}
    model = keras.Sequential(
        [
            keras.Input([8, 8, 1]),
            keras.layers.Conv2D(16, 3, **options),
            tfdynconv.CondConv2D(32, 3, num_experts=4, **options),
            tfdynconv.DynamicConv2D(32, 3, **options),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(10),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def main():
    digits = load_digits()
    images = (digits.images[..., np.newaxis] / 16).astype("float32")
    monitor = Timed(images)
    network().fit(images, digits.target, epochs=EPOCHS, verbose=0, callbacks=[monitor])
    shares = [own / whole for own, whole in zip(monitor.own, monitor.epochs)]
    print(f"share of an epoch's time, median of {EPOCHS}: {100 * np.median(shares):.2f} %")
    whole = monitor.tracing + sum(monitor.own)
    print(f"tracing, once: {monitor.tracing / np.median(monitor.epochs):.2f} epochs of that network")
    print(f"share of the time of all {EPOCHS} epochs, tracing included: {100 * whole / sum(monitor.epochs):.2f} %")


if __name__ == "__main__":
    main()
