"""A worker of a training with `fit`, for TF_CONFIG says which: `python -m tests.legacy.fit_on_workers FILE`."""

import sys

import keras
import numpy as np
import tensorflow as tf

import tfdynconv

BATCH, STEPS = 8, 4


def main(path):
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    keras.utils.set_random_seed(0)
    with strategy.scope():
        layers = [tfdynconv.DynamicConv2D(4, 3), tfdynconv.ODConv2D(4, 3, num_kernels=2), keras.layers.Flatten()]
        model = keras.Sequential([keras.Input([8, 8, 2]), *layers])
        model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
    random = np.random.default_rng(0)
    x, y = (
        random.normal(size=(BATCH * STEPS, *shape[1:])).astype("float32")
        for shape in (model.input_shape, model.output_shape)
    )
    # every worker has all the data: `fit` gives each its part of each batch
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(BATCH).with_options(options)
    schedule = tfdynconv.training.TemperatureSchedule(9.0, 2.0, epochs=3)
    model.fit(dataset, epochs=2, callbacks=[schedule], verbose=0)
    np.savez(path, *model.get_weights(), temperature=model.layers[0].routing.temperature.numpy())


if __name__ == "__main__":
    main(*sys.argv[1:])
