"""What the dynamic layers of a model do while it trains: which kernels are used, how sharply, and whether inputs matter."""

import warnings

import keras
import numpy as np
import tensorflow as tf

from tfdynconv.layers import VersatileConv2D
from tfdynconv.layers.mask_overlap import mean_overlap
from tfdynconv.layers.routing_seen import ROUTED, routed
from tfdynconv.layers.walk import names
from tfdynconv.routing import TemperatureMixin
from tfdynconv.training import routing_statistics as statistics
from tfdynconv.training.collapse import collapse
from tfdynconv.training.event_file import EventFile
from tfdynconv.training.table_file import TableFile

UNSEEN = "cannot be seen: the model runs it in a tf.function or loop of its own, or in inference not at all."
PATIENCE = 2  # epochs in a row: a schedule that moves once an epoch shows in the second that it moves


class RoutingMonitor(keras.callbacks.Callback):
    """Log after each epoch how every dynamic layer uses its kernels, and warn when its routing has collapsed.

    Add it to the callbacks of `model.fit`, with some inputs to look at: Keras gives a callback no training data. After each
    epoch the model sees them once, in inference. `model.fit(...).history`, `monitor.history`, the CSV file and TensorBoard have
    the same columns, with the layer's name before the slash:

    - `conv/use_0`, `conv/use_1`, ...: the mean coefficient of each kernel; for DRConv `conv/region_0`, ..., each region's share
      of the pixels.
    - `conv/entropy`: of the coefficients of a sample, as shares of their sum. 1: all kernels count the same; 0: one alone.
    - `conv/variation`: how much coefficients differ from input to input, standard deviation over mean.
    - `conv/temperature`, where routing has one.
    - `conv/channel`, `conv/filter`, `conv/spatial`: the mean of ODConv's other attentions.
    - `conv/overlap`, for `VersatileConv2D` with learned masks: entries that two masks keep over those that one keeps, a mean.

    `logs` get one number, `routing_entropy`, the mean of all layers' entropies: progress bars print all that is there.

    A layer whose routing has collapsed gives a warning, once, with its name and what to do: one kernel has 99 % for all inputs
    (one region 99 % of the pixels), or coefficients vary by less than 0.1 % from input to input, at the end of two epochs in a
    row and while no schedule moves a temperature. Put `TemperatureSchedule` before it: then both log the same temperature.

    Args:
        data: inputs as `model(data)` takes them, an array or several in a list or dict; real ones, of all classes.
        samples: how many of them, the first, to look at.
        csv: None, or the path of a CSV file with a row for each epoch; written anew by each `fit`.
        tensorboard: None, or the folder that TensorBoard reads, with all columns as scalars, coefficients as histograms.

    Raises:
        ValueError: data that are no arrays, of fewer than two samples, or all the same; a model without a dynamic layer.

    Cost: one forward pass of `samples` inputs an epoch (`python -m benchmarks.monitor`), and tracing it once.

    >>> import keras, numpy as np, tfdynconv
    >>> conv = tfdynconv.CondConv2D(4, 3, num_experts=2, name="conv")
    >>> model = keras.Sequential([keras.Input([6, 6, 3]), conv, keras.layers.Flatten(), keras.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> x = np.random.default_rng(0).normal(size=[8, 6, 6, 3]).astype("float32")
    >>> monitor = tfdynconv.training.RoutingMonitor(x)
    >>> history = model.fit(x, x[:, 0, 0, :1], epochs=2, callbacks=[monitor], verbose=0).history
    >>> sorted(name for name in history if name.startswith("conv/"))
    ['conv/entropy', 'conv/use_0', 'conv/use_1', 'conv/variation']
    """

    def __init__(self, data, samples=64, csv=None, tensorboard=None):
        super().__init__()
        if not isinstance(samples, int) or isinstance(samples, bool) or samples < 2:
            raise ValueError(
                "RoutingMonitor: `samples` must be an int of at least 2, for coefficients are compared from input to input. "
                f"Received: samples={samples!r}."
            )
        self.data = tf.nest.map_structure(lambda array: first(array, samples), data)
        if all(is_same(array) for array in tf.nest.flatten(self.data)):
            raise ValueError(
                f"RoutingMonitor: the first {samples} samples of `data` must not be all the same, or nobody could tell whether "
                "coefficients depend on the input. Pass real inputs, shuffled."
            )
        self.csv, self.tensorboard = csv, tensorboard
        self.history, self.row = {"epoch": []}, {}
        self.warned = set()

    def on_train_begin(self, logs=None):
        self.pending = None
        self.history, self.warned, self.bad = {"epoch": []}, set(), {}
        self.names, self.temperatures = {}, None
        self.look = (lambda: routed(self.model, self.data)) if self.model.run_eagerly else self.traced()
        files = ((TableFile, self.csv), (EventFile, self.tensorboard))
        self.files = [kind(path) for kind, path in files if path is not None]
        if self.model.built:
            self.find_layers()
            self.look()  # what does not fit fails now, not after an epoch

    def find_layers(self):
        self.names = names(self.model, (*ROUTED, TemperatureMixin, VersatileConv2D))
        watched = [layer for layer in self.names if is_routed(layer) or learns_masks(layer)]
        if not watched:
            raise ValueError(
                f"RoutingMonitor: the model {self.model.name!r} has no dynamic layer. Expected a layer of tfdynconv that mixes "
                "kernels, DRConv2D, or VersatileConv2D with learned masks. Train without this callback, or add such a layer."
            )

    def traced(self):
        """`routed` as a graph: a small model is several times as fast in one."""
        layers = []

        @tf.function
        def run(inputs):
            seen = routed(self.model, inputs)
            layers[:] = [layer for layer, _ in seen]
            return [choices for _, choices in seen]

        def look():
            found = run(self.data)
            return list(zip(layers, found))

        return look

    def on_epoch_begin(self, epoch, logs=None):
        self.into_history()

    def on_epoch_end(self, epoch, logs=None):
        if not self.names:
            self.find_layers()  # here, because Keras 2 builds a subclassed model in its first step
        choices = self.choices()
        temperatures = {layer: value for layer in self.names if (value := self.temperature(layer)) is not None}
        stand = self.temperatures in (None, temperatures)
        self.row, self.temperatures = {}, temperatures
        for layer, name in self.names.items():
            found = statistics.columns(choices[layer]) if layer in choices else {}
            if layer in temperatures:
                found["temperature"] = temperatures[layer]
            if learns_masks(layer) and layer.built:
                found["overlap"] = mean_overlap(layer.binary_masks())
            self.row.update({f"{name}/{column}": value for column, value in found.items()})
            if layer in choices:
                self.judge(layer, choices[layer], stand)
            elif is_routed(layer):
                self.warn(layer, f"{self.label(layer)} {UNSEEN}")
        self.keep(epoch, choices)
        entropies = [value for column, value in self.row.items() if column.endswith("/entropy")]
        if logs is not None and entropies:
            logs["routing_entropy"] = float(np.mean(entropies))

    def choices(self):
        """`{layer: {kind: values}}`, all calls of a layer together."""
        calls = {}
        for layer, found in self.look():
            for kind, values in found.items():
                calls.setdefault(layer, {}).setdefault(kind, []).append(values.numpy())
        return {layer: {kind: np.concatenate(each) for kind, each in kinds.items()} for layer, kinds in calls.items()}

    def temperature(self, layer):
        """That of a layer's own routing, or of a routing that stands alone."""
        routing = getattr(layer, "routing", layer)
        if not isinstance(routing, TemperatureMixin) or not routing.built:
            return None
        owned = layer is routing and any(getattr(other, "routing", None) is layer for other in self.names)
        return None if owned else float(routing.temperature.numpy())

    def judge(self, layer, choices, temperatures_stand):
        """Warn where a layer's routing has collapsed; a high temperature that a schedule lowers is no collapse."""
        temperature = self.temperatures.get(layer)
        if getattr(layer, "routing", layer) is None:  # it may share one of those that stand alone
            temperature = max((value for each, value in self.temperatures.items() if not is_routed(each)), default=None)
        trouble = collapse(self.label(layer), choices, temperature) if temperatures_stand else None
        self.bad[layer] = self.bad.get(layer, 0) + 1 if trouble else 0
        if self.bad[layer] == PATIENCE:
            self.warn(layer, trouble)

    def label(self, layer):
        return f"{type(layer).__name__} {self.names[layer]!r}"

    def warn(self, layer, text):
        if layer not in self.warned:
            self.warned.add(layer)
            warnings.warn(f"RoutingMonitor: {text}", stacklevel=2)

    def keep(self, epoch, choices):
        """Into `history` and the files."""
        self.history["epoch"].append(epoch)
        for column, value in self.row.items():
            self.history.setdefault(column, []).append(value)
        self.pending = epoch, self.row
        histograms = {
            f"{self.names[layer]}/{kind}s": values for layer, kinds in choices.items() for kind, values in kinds.items()
        }
        for file in self.files:
            file.write(epoch, self.row, histograms)

    def into_history(self):
        """The last epoch's columns into what `fit` returns, which Keras hands to the model after each epoch."""
        history = getattr(self.model, "history", None)
        if self.pending and history is not None and history.epoch[-1:] == [self.pending[0]]:
            for column, value in self.pending[1].items():
                history.history.setdefault(column, []).append(value)
        self.pending = None

    def on_train_end(self, logs=None):
        self.into_history()
        for file in self.files:
            file.close()
        self.look = None  # it holds a graph


def first(array, samples):
    """The first samples of an array as a tensor."""
    if not hasattr(array, "shape") or not hasattr(array, "__getitem__") or not len(array.shape):
        raise ValueError(
            "RoutingMonitor: `data` must be an array of inputs, or several in a list or dict. Received: "
            f"{type(array).__name__}. Of a dataset take a batch: images, labels = next(iter(dataset))."
        )
    if len(array) < 2:
        raise ValueError(f"RoutingMonitor: `data` must have at least 2 samples. Received: shape {tuple(array.shape)}.")
    return tf.convert_to_tensor(array[:samples])


def is_same(array):
    return bool(tf.reduce_all(array == array[:1]))


def is_routed(layer):
    return isinstance(layer, ROUTED)


def learns_masks(layer):
    return isinstance(layer, VersatileConv2D) and layer.direction == "learned"
