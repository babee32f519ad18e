"""Train dynamic layers on scikit-learn's digits with a TPU: `TPUStrategy`, `fit`, many steps for each call of the host.

    python examples/tpu.py [--tpu local] [--epochs 20]

On a Cloud TPU VM the name is `local` (install TensorFlow's TPU build there); from elsewhere it is the TPU's name or
grpc:// address. Without one the script says so and ends.
"""

import argparse

import keras
import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits

import tfdynconv

BATCH = 128  # for all cores together: make it a multiple of 8 for each
NO_TPU = (ValueError, RuntimeError, OSError, tf.errors.OpError)


def connect(name):
    """The strategy of this TPU, or None where there is none."""
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=name)
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
        return tf.distribute.TPUStrategy(resolver)
    except NO_TPU as reason:
        print(f"No TPU named {name!r}: {str(reason).splitlines()[0]}")
        return None


def network():
    return keras.Sequential(
        [
            keras.Input([8, 8, 1]),
            keras.layers.Conv2D(8, 3, padding="same", activation="relu"),
            tfdynconv.DynamicConv2D(16, 3, padding="same", activation="relu"),
            tfdynconv.CondConv2D(16, 3, strides=2, padding="same", activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(10, dtype="float32"),
        ]
    )


def train(strategy, epochs, steps_per_execution=32):
    """On any strategy; a TPU wants batches of one size, hence `drop_remainder`."""
    digits = load_digits()
    images = (digits.images[..., np.newaxis] / 16.0).astype("float32")
    dataset = tf.data.Dataset.from_tensor_slices((images, digits.target.astype("int32"))).cache().shuffle(len(images))
    dataset = dataset.repeat().batch(BATCH, drop_remainder=True).prefetch(tf.data.AUTOTUNE)
    with strategy.scope():
        model = network()
        model.compile(
            keras.optimizers.Adam(3e-3),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
            steps_per_execution=steps_per_execution,
        )
    # The temperature changes between calls of the host: with 32 steps in each, every 32 steps.
    schedule = tfdynconv.training.TemperatureSchedule(epochs=max(1, epochs // 3))
    model.fit(dataset, steps_per_epoch=64, epochs=epochs, callbacks=[schedule], verbose=2)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tpu", default="local", help="name or address of the TPU")
    parser.add_argument("--epochs", type=int, default=20)
    options = parser.parse_args()
    strategy = connect(options.tpu)
    if strategy is None:
        print("Nothing was trained. It wants a machine with a TPU, and there TensorFlow's TPU build and libtpu.")
        return
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    train(strategy, options.epochs)


if __name__ == "__main__":
    main()
