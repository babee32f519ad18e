"""Temperature annealing: even coefficients at first, so that every kernel learns, sharper ones later."""

import math
import numbers

import keras

from tfdynconv import _compat
from tfdynconv.layers.walk import walk
from tfdynconv.routing import TemperatureMixin


class TemperatureSchedule(keras.callbacks.Callback):
    """Lower the temperature of all routing in a model from `start` to `end`, step by step, over the first epochs.

    For `DynamicConv2D` and every layer whose routing has a temperature: add it to the callbacks of `model.fit`.

    `temperature(step) = end + (start - end) max(0, 1 - step / (epochs steps_per_epoch))`, set before each step. The
    variable is set, not the graph: the compiled step reads it, nothing is traced again. With `steps_per_execution` above
    1 the steps that run together share the value of their first. Where Keras does not know how many steps an epoch has (a
    generator without length) the value changes once an epoch.

    Training that goes on goes on cooling: the step is the larger of what `initial_epoch` says and what the optimizer,
    which a saved model carries with it, has counted. `end` is written into each routing's `final_temperature`, so that
    exporting a model that is still warmer warns. `history.history["temperature"]` has the value after each epoch.

    Args:
        start: temperature of the first step.
        end: temperature from `epochs` epochs on, exactly.
        epochs: how long the way takes, counted from epoch 0.

    Raises:
        ValueError: an argument that is not a positive number; a model without any temperature.

    Cost: one small assignment for each routing and step.

    Reference: Chen et al., Dynamic Convolution, arXiv 1912.03458 (30 to 1 in the first 10 epochs).

    >>> import keras, numpy as np, tfdynconv
    >>> layer = tfdynconv.DynamicConv2D(4, 3)
    >>> model = keras.Sequential([keras.Input([6, 6, 3]), layer, keras.layers.GlobalAveragePooling2D()])
    >>> model.compile("sgd", "mse")
    >>> schedule = tfdynconv.training.TemperatureSchedule(start=31.0, end=1.0, epochs=3)
    >>> x, y = np.zeros([8, 6, 6, 3], "float32"), np.zeros([8, 4], "float32")
    >>> history = model.fit(x, y, batch_size=4, epochs=4, callbacks=[schedule], verbose=0)
    >>> [round(t, 3) for t in history.history["temperature"]]
    [21.0, 11.0, 1.0, 1.0]
    >>> float(layer.routing.temperature.numpy())
    1.0
    """

    def __init__(self, start=30.0, end=1.0, epochs=10):
        super().__init__()
        for name, value in (("start", start), ("end", end), ("epochs", epochs)):
            number = isinstance(value, numbers.Real) and not isinstance(value, bool)
            if not number or not math.isfinite(value) or value <= 0:
                raise ValueError(
                    f"TemperatureSchedule: `{name}` must be a positive number. Received: {name}={value!r}."
                )
        self.start, self.end, self.epochs = float(start), float(end), epochs
        self.routings = []

    def temperature_at(self, progress):
        """The temperature when this share of the way is done: 0 at the start, 1 and above at the end."""
        return self.end + (self.start - self.end) * max(0.0, 1.0 - progress)

    def on_train_begin(self, logs=None):
        self.routings = [layer for layer in walk(self.model) if isinstance(layer, TemperatureMixin)]
        if not self.routings:
            raise ValueError(
                f"TemperatureSchedule: nothing in the model {self.model.name!r} has a temperature. Expected a DynamicConv "
                "layer, or another whose routing is a tfdynconv.routing.TemperatureMixin. Train without this callback, "
                "or add such a layer (a subclassed model makes its layers in __init__)."
            )
        self.set_final()

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch, self.first_step, self.value = epoch, None, None
        self.done = self.steps_taken()

    def on_train_batch_begin(self, batch, logs=None):
        if self.first_step is None:
            self.first_step = batch  # not 0 where a backup restores training in the middle of an epoch
        self.set_temperature(self.progress(self.epoch, batch, self.done + batch - self.first_step))

    def on_epoch_end(self, epoch, logs=None):
        self.set_temperature(self.progress(epoch + 1, 0, self.steps_taken()))
        self.set_final()
        if logs is not None:
            logs["temperature"] = self.value

    def progress(self, epoch, batch, steps_taken):
        steps_per_epoch = (self.params or {}).get("steps")
        if not steps_per_epoch:
            return epoch / self.epochs
        return max(epoch * steps_per_epoch + batch, steps_taken) / (self.epochs * steps_per_epoch)

    def steps_taken(self):
        optimizer = getattr(self.model, "optimizer", None)  # a model with a train_step of its own may have none
        return 0 if optimizer is None else _compat.iterations(optimizer)

    def set_temperature(self, progress):
        value = self.temperature_at(progress)
        if value == self.value:
            return
        self.value = value
        for routing in self.routings:
            if routing.built:
                routing.temperature.assign(value)
            else:  # Keras 2 builds a subclassed model in its first step: let the weight start there
                routing.set_temperature(value)

    def set_final(self):
        for routing in self.routings:
            if routing.built:
                routing.final_temperature.assign(self.end)
