"""Train on scikit-learn's digits with several machines, a process on each: a loop on `strategy.run`, with checkpoints.

    python examples/multi_worker.py

trains alone, as the only worker. For two workers start the script twice, on two machines or in two shells of one, and
tell each in TF_CONFIG who there is and which one it is:

    TF_CONFIG='{"cluster": {"worker": ["localhost:12345", "localhost:12346"]}, "task": {"type": "worker", "index": 0}}' \
        python examples/multi_worker.py
    TF_CONFIG='{"cluster": {"worker": ["localhost:12345", "localhost:12346"]}, "task": {"type": "worker", "index": 1}}' \
        python examples/multi_worker.py

Workers wait for each other. The global batch is the same for any number of them, so learning rate, temperatures and, but
for rounding, weights are too. When one dies the others end with an error: start all of them again, and they go on from the
last checkpoint, in a directory that all must see. (Keras 3's own `fit` refuses MultiWorkerMirroredStrategy, Keras 2.15's
takes it.)
"""

import argparse
import pathlib
import tempfile

import keras
import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import tfdynconv

GLOBAL_BATCH = 64  # whoever raises it with the number of workers raises the learning rate too
RATE = 0.1


def load():
    """(images, labels) for training, and for testing."""
    digits = load_digits()
    images = (digits.images[..., np.newaxis] / 16.0).astype("float32")
    train_images, test_images, *labels = train_test_split(images, digits.target, test_size=0.2, random_state=0)
    return (train_images, labels[0]), (test_images, labels[1])


def network():
    return keras.Sequential(
        [
            keras.Input([8, 8, 1]),
            keras.layers.Conv2D(8, 3, padding="same", activation="relu"),
            tfdynconv.DynamicConv2D(16, 3, padding="same", activation="relu"),
            tfdynconv.ODConv2D(16, 3, strides=2, padding="same", num_kernels=4, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )


def batches(strategy, arrays, order):
    """Global batches of these rows; each worker reads only its share of every one."""

    def of_worker(context):
        count, mine = context.num_input_pipelines, context.input_pipeline_id
        rows = np.reshape(order, [-1, count, GLOBAL_BATCH // count])[:, mine].ravel()
        dataset = tf.data.Dataset.from_tensor_slices(tuple(array[rows] for array in arrays))
        return dataset.batch(context.get_per_replica_batch_size(GLOBAL_BATCH), drop_remainder=True).prefetch(1)

    return strategy.distribute_datasets_from_function(of_worker)


def training_step(strategy, model, optimizer):
    def on_replica(images, labels):
        with tf.GradientTape() as tape:
            logits = model(images, training=True)
            losses = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
            # gradients are added up over the replicas, so each counts its samples as a share of the global batch
            loss = tf.reduce_sum(losses) / GLOBAL_BATCH
            if model.losses:
                loss += tf.add_n(model.losses) / strategy.num_replicas_in_sync
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss

    return tf.function(lambda batch: strategy.reduce("SUM", strategy.run(on_replica, args=batch), axis=None))


def evaluation(strategy, model, images, labels):
    """A function that gives the accuracy. Rows are filled up to whole batches; the fillers weigh nothing."""
    order = np.arange(-(-len(images) // GLOBAL_BATCH) * GLOBAL_BATCH) % len(images)
    weights = np.zeros([len(images)], "float32")
    rows = (images[order], labels[order], np.where(np.arange(len(order)) < len(images), 1.0, weights[order]))

    def on_replica(images, labels, weights):
        right = tf.argmax(model(images, training=False), -1) == tf.cast(labels, tf.int64)
        return tf.reduce_sum(tf.cast(right, tf.float32) * tf.cast(weights, tf.float32))

    count = tf.function(lambda batch: strategy.reduce("SUM", strategy.run(on_replica, args=batch), axis=None))
    return lambda: sum(float(count(b)) for b in batches(strategy, rows, np.arange(len(order)))) / len(images)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--save-every", type=int, default=10, metavar="STEPS")
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("demo-output/multi_worker"))
    options = parser.parse_args()

    strategy = tf.distribute.MultiWorkerMirroredStrategy()  # before anything else of TensorFlow's
    is_chief = not strategy.cluster_resolver.task_id
    if GLOBAL_BATCH % strategy.num_replicas_in_sync:
        raise SystemExit(f"{GLOBAL_BATCH} images a batch do not divide by {strategy.num_replicas_in_sync} replicas.")
    keras.utils.set_random_seed(0)
    training, testing = load()
    steps = len(training[0]) // GLOBAL_BATCH

    with strategy.scope():
        model = network()
        optimizer = keras.optimizers.SGD(
            keras.optimizers.schedules.CosineDecay(RATE, steps * options.epochs), momentum=0.9
        )
        optimizer.build(model.trainable_variables)
        done = tf.Variable(0, dtype=tf.int64, trainable=False)
    checkpoint = tf.train.Checkpoint(model=model, optimizer=optimizer, done=done)
    # All workers must save, for saving may read variables of all; what the others write is thrown away.
    directory = options.output / "checkpoints" if is_chief else tempfile.mkdtemp()
    manager = tf.train.CheckpointManager(checkpoint, directory, max_to_keep=2)
    latest = tf.train.latest_checkpoint(options.output / "checkpoints")
    if latest:
        checkpoint.restore(latest).expect_partial()
        print(f"goes on from step {int(done.numpy())}", flush=True)

    step, accuracy = training_step(strategy, model, optimizer), evaluation(strategy, model, *testing)
    schedule = tfdynconv.training.TemperatureSchedule(epochs=max(1, options.epochs // 2))
    callbacks = keras.callbacks.CallbackList([schedule], model=model, steps=steps, epochs=options.epochs)
    callbacks.on_train_begin()
    for epoch in range(int(done.numpy()) // steps, options.epochs):
        first = int(done.numpy()) % steps
        order = np.random.default_rng(epoch).permutation(len(training[0]))[first * GLOBAL_BATCH : steps * GLOBAL_BATCH]
        callbacks.on_epoch_begin(epoch)
        for number, batch in enumerate(batches(strategy, training, order), start=first):
            callbacks.on_train_batch_begin(number)
            loss = step(batch)
            done.assign_add(1)
            if int(done.numpy()) % options.save_every == 0:
                manager.save(int(done.numpy()))
                print(f"saved step {int(done.numpy())}", flush=True)
        callbacks.on_epoch_end(epoch)
        print(f"epoch {epoch + 1}: loss {float(loss):.4f}, temperature {schedule.value:.3g}", flush=True)
    print(f"test accuracy {accuracy():.4f}", flush=True)
    if is_chief:
        model.save(options.output / "model.keras")


if __name__ == "__main__":
    main()
