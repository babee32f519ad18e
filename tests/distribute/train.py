"""Train models of dynamic layers for some steps, under one strategy in a process of its own, and store all weights.

    python -m tests.distribute.train devices|workers FILE LAYER...

`devices` trains with `fit` on one logical CPU and on two; `workers` with a loop on `strategy.run` as TF_CONFIG says, and
so does each of the other workers. FILE gets `[replicas of this process, *shape]` for every weight.
"""

import sys

import keras
import numpy as np
import tensorflow as tf

import tfdynconv
from tfdynconv import blocks
from tfdynconv.layers.walk import walk
from tfdynconv.routing import TemperatureMixin
from tfdynconv.testing import ALL_LAYERS
from tfdynconv.testing.case import variable

BATCH, STEPS, EPOCHS = 8, 3, 2
LAYERS = {str(case): (case.make, case.input_shape) for case in ALL_LAYERS}
LAYERS["masks"] = (lambda: tfdynconv.VersatileConv2D(12, 3, direction="learned", num_masks=3), (7, 6, 4))
LAYERS["DyMobileBlock"] = (lambda: blocks.DyMobileBlock(8), (7, 6, 4))
LAYERS["DyShuffleBlock"] = (lambda: blocks.DyShuffleBlock(12), (7, 6, 12))
LAYERS["DyResNetBlock"] = (lambda: blocks.DyResNetBlock(8), (7, 6, 4))


def model_and_data(name):
    keras.utils.set_random_seed(3)
    make, shape = LAYERS[name]
    model = keras.Sequential([keras.Input(shape), make()])
    random = np.random.default_rng(0)
    x = random.normal(size=(BATCH * STEPS, *shape)).astype("float32")
    return model, x, random.normal(size=(len(x), *model.output_shape[1:])).astype("float32")


def optimizer():
    return keras.optimizers.SGD(0.1, momentum=0.9)


def callbacks(model):
    has_temperature = any(isinstance(layer, TemperatureMixin) for layer in walk(model))
    return [tfdynconv.training.TemperatureSchedule(9.0, 2.0, epochs=3)] if has_temperature else []


def fit(strategy, name):
    with strategy.scope():
        model, x, y = model_and_data(name)
        model.compile(optimizer(), "mse", jit_compile=False)
    model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0, callbacks=callbacks(model))
    return model


def loop(strategy, name):
    with strategy.scope():
        model, x, y = model_and_data(name)
        descent = optimizer()
        descent.build([variable(weight) for weight in model.trainable_weights])

    def of_worker(context):
        each = BATCH // context.num_input_pipelines
        rows = np.arange(len(x)).reshape(STEPS, -1, each)[:, context.input_pipeline_id].ravel()
        return tf.data.Dataset.from_tensor_slices((x[rows], y[rows])).batch(each, drop_remainder=True)

    def on_replica(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x, training=True) - y)) / strategy.num_replicas_in_sync
        gradients = tape.gradient(loss, [variable(weight) for weight in model.trainable_weights])
        descent.apply_gradients(zip(gradients, model.trainable_weights))

    step = tf.function(lambda x, y: strategy.run(on_replica, args=(x, y)))
    watching = keras.callbacks.CallbackList(callbacks(model), model=model, steps=STEPS, epochs=EPOCHS)
    watching.on_train_begin()
    for epoch in range(EPOCHS):
        watching.on_epoch_begin(epoch)
        for number, batch in enumerate(strategy.distribute_datasets_from_function(of_worker)):
            watching.on_train_batch_begin(number)
            step(*batch)
        watching.on_epoch_end(epoch)
    return model


def replicas(strategy, model):
    """Every weight as each replica of this process has it."""
    return {
        f"{i} {weight.name}": np.stack([copy.numpy() for copy in strategy.experimental_local_results(variable(weight))])
        for i, weight in enumerate(model.weights)
    }


def main(where, path, *names):
    if where == "devices":
        part = tf.config.LogicalDeviceConfiguration()
        tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], [part, part])
        # one strategy of each kind for the whole process: a second one over the same devices meets the first one's keys
        runs = {
            "one": (fit, tf.distribute.MirroredStrategy(["CPU:0"])),
            "two": (fit, tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])),
        }
    else:
        runs = {"worker": (loop, tf.distribute.MultiWorkerMirroredStrategy())}
    found = {}
    for name in names:
        for run, (train, strategy) in runs.items():
            for weight, values in replicas(strategy, train(strategy, name)).items():
                found[f"{name}/{run}/{weight}"] = values
    np.savez(path, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
