"""Train dynamic layers on scikit-learn's digits with all GPUs of this machine, or two parts of its CPU: `MirroredStrategy`.

    python examples/multi_device.py [--epochs 15]

Nothing but the scope differs from training on one device. The batch that `fit` is given is the global one.
"""

import argparse

import keras
import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import tfdynconv


def devices():
    """All GPUs; without any, two logical CPUs, which show how it works and are no faster."""
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        part = tf.config.LogicalDeviceConfiguration()
        tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], [part, part])
    return [device.name for device in tf.config.list_logical_devices("GPU" if gpus else "CPU")]


def network():
    """A BatchNormalization of your own wants `synchronized=True`: else each device has statistics of its own."""
    return keras.Sequential(
        [
            keras.Input([8, 8, 1]),
            keras.layers.Conv2D(8, 3, padding="same", use_bias=False),
            keras.layers.BatchNormalization(momentum=0.9, synchronized=True),
            keras.layers.ReLU(),
            tfdynconv.DynamicConv2D(16, 3, padding="same", activation="relu"),
            tfdynconv.ODConv2D(16, 3, strides=2, padding="same", num_kernels=4, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=15)
    options = parser.parse_args()
    strategy = tf.distribute.MirroredStrategy(devices())
    print(f"{strategy.num_replicas_in_sync} replicas on {', '.join(strategy.extended.worker_devices)}")
    keras.utils.set_random_seed(0)
    digits = load_digits()
    images = (digits.images[..., np.newaxis] / 16.0).astype("float32")
    train_images, test_images, train_labels, test_labels = train_test_split(images, digits.target, random_state=0)
    with strategy.scope():
        model = network()
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(3e-3), loss, metrics=["accuracy"])
    schedule = tfdynconv.training.TemperatureSchedule(epochs=max(1, options.epochs // 3))
    model.fit(train_images, train_labels, batch_size=64, epochs=options.epochs, callbacks=[schedule], verbose=2)
    accuracy = model.evaluate(test_images, test_labels, batch_size=64, verbose=0)[1]
    print(f"test accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main()
