"""Training on the digits, many times with one compiled model: tracing takes longer than a training."""

import contextlib

import keras
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold

import tfdynconv
from benchmarks.digits.network import SHAPES, network, rank_of
from tfdynconv.layers.walk import walk

EPOCHS, BATCH, FOLDS = 10, 48, 5  # 300 steps


def data(rank):
    digits = load_digits()
    return digits.data.reshape(-1, *SHAPES[rank]).astype("float32") / 16, digits.target


def folds(count):
    """(training, test) rows of each of five folds, the first `count` of them."""
    labels = load_digits().target
    splits = StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(labels, labels)
    return [rows for _, rows in zip(range(count), splits)]


def digits_trainer(name, layer, policy="float32", epochs=EPOCHS):
    """For the network made for the layer `name`, with `layer` in it."""
    images, labels = data(rank_of(name))
    training = len(images) * (FOLDS - 1) // FOLDS
    return Trainer(name, lambda: network(name, layer), images, labels, training, policy, epochs)


class Trainer:
    """The network that `make()` gives, under one policy, for `training` of the images. Each `train` starts anew."""

    def __init__(self, name, make, images, labels, training, policy="float32", epochs=EPOCHS):
        self.name, self.make, self.policy, self.epochs = name, make, policy, epochs
        self.images, self.labels = images, labels
        steps = -(-training // BATCH)
        optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(5e-3, epochs * steps))
        if policy == "mixed_float16":
            optimizer = keras.mixed_precision.LossScaleOptimizer(optimizer)
        self.model = self.fresh()
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.model.compile(optimizer, loss, metrics=["accuracy"], steps_per_execution=steps)
        optimizer.build(self.model.trainable_variables)
        self.at_rest = [np.array(v) for v in self.optimizer_state()]

    def fresh(self):
        with policy(self.policy):
            return self.make()

    def optimizer_state(self):
        variables = self.model.optimizer.variables
        return variables() if callable(variables) else variables

    def train(self, seed, rows):
        """Test accuracy."""
        training, test = rows
        keras.utils.set_random_seed(seed)
        self.model.set_weights(self.fresh().get_weights())
        for variable, value in zip(self.optimizer_state(), self.at_rest):
            variable.assign(value)
        history = self.model.fit(
            self.images[training],
            self.labels[training],
            batch_size=BATCH,
            epochs=self.epochs,
            verbose=0,
            callbacks=self.callbacks(),
        )
        if not np.isfinite(history.history["loss"]).all():
            raise ValueError(f"{self.name}, {self.policy}, seed {seed}: the loss is not finite.")
        # all images, so that every fold has the same shapes
        logits = self.model.predict(self.images, batch_size=len(self.images), verbose=0)
        return float(np.mean(np.argmax(logits[test], 1) == self.labels[test]))

    def callbacks(self):
        if any(hasattr(layer, "temperature") for layer in walk(self.model)):
            return [tfdynconv.training.TemperatureSchedule(epochs=max(1, self.epochs // 3))]
        return []


@contextlib.contextmanager
def policy(name):
    """Keras' default dtype policy while open."""
    before = keras.mixed_precision.global_policy() if hasattr(keras.mixed_precision, "global_policy") else "float32"
    keras.mixed_precision.set_global_policy(name)
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy(before)
