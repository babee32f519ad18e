"""`RoutingMonitor` on layers whose routing is known, driven as `fit` drives it, and by `fit` itself."""

import csv
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from tfdynconv.training import RoutingMonitor, TemperatureSchedule

LEVELS = np.linspace(0.1, 0.8, 8).astype("float32")
X = np.tile(LEVELS[:, None, None, None], [1, 6, 6, 3])  # constant images: their means are known


@keras.saving.register_keras_serializable(package="tests")
class MeanRouting(tfdynconv.routing.Routing):
    """Coefficients `m, 1 - m` of an image of mean m."""

    def call(self, inputs):
        mean = tf.reduce_mean(inputs, [1, 2, 3])
        return tf.stack([mean, 1 - mean], 1)


def model(*layers):
    made = keras.Sequential([keras.Input([6, 6, 3]), *layers])
    made.compile("sgd", "mse")
    return made


def known():
    return tfdynconv.MixtureConv2D(4, 3, num_kernels=2, routing=MeanRouting(), name="known")


def epochs(monitor, made, count=1, between=lambda epoch: None):
    """What `fit` would call."""
    monitor.set_model(made)
    monitor.on_train_begin()
    for epoch in range(count):
        monitor.on_epoch_begin(epoch)
        between(epoch)
        monitor.on_epoch_end(epoch, logs := {})
    monitor.on_train_end()
    return logs


def warned(monitor, made, count=2, **arguments):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        epochs(monitor, made, count, **arguments)
    return [str(each.message) for each in found if str(each.message).startswith("RoutingMonitor: ")]


def test_known_coefficients():
    monitor = RoutingMonitor(X)
    logs = epochs(monitor, model(known()))
    row = monitor.row
    assert set(row) == {f"known/{name}" for name in ("use_0", "use_1", "entropy", "variation")}
    assert row["known/use_0"] == pytest.approx(LEVELS.mean(), rel=1e-5)
    entropy = -(LEVELS * np.log2(LEVELS) + (1 - LEVELS) * np.log2(1 - LEVELS)).mean()
    assert row["known/entropy"] == pytest.approx(entropy, rel=1e-5)
    assert row["known/variation"] == pytest.approx(LEVELS.std() / 0.5, rel=1e-5)
    assert logs == {"routing_entropy": row["known/entropy"]}


def test_samples_are_the_first():
    monitor = RoutingMonitor(X, samples=3)
    epochs(monitor, model(known()))
    assert monitor.row["known/use_0"] == pytest.approx(LEVELS[:3].mean(), rel=1e-5)


def test_regions():
    """A guide that puts pixels above 1/2 into region 1."""
    layer = tfdynconv.DRConv2D(4, 1, num_regions=3, name="dr")
    made = model(layer)
    layer.guide.kernel.assign(np.array([[[[0, 1, 0]] + 2 * [[0, 0, 0]]]], "float32"))
    layer.guide.bias.assign([0.5, 0, -9])
    monitor = RoutingMonitor(X)
    epochs(monitor, made)
    shares = [monitor.row[f"dr/region_{i}"] for i in range(3)]
    np.testing.assert_allclose(shares, [np.mean(LEVELS <= 0.5), np.mean(LEVELS > 0.5), 0], atol=1e-6)


def test_masks():
    """Two masks, one of which is half of the other; windows, which never change, are left out."""
    learned = tfdynconv.VersatileConv2D(4, 1, direction="learned", num_masks=2, shared_masks=True, name="masks")
    made = model(learned, tfdynconv.VersatileConv2D(4, 3, name="windows"))
    learned.secondary.proxy.assign(np.array([[[[1, 1], [1, 0], [0, 0]]]], "float32"))
    monitor = RoutingMonitor(X)
    epochs(monitor, made)
    assert monitor.row == {"masks/overlap": 0.5}


def test_temperatures_of_own_and_shared_routing():
    x = keras.Input([6, 6, 3])
    coefficients = tfdynconv.routing.SoftmaxRouting(3, temperature=7.0, name="router")(x)
    y = tfdynconv.DynamicConv2D(4, 1, num_kernels=3, routing=None, name="given")(x, coefficients)
    made = keras.Model(x, tfdynconv.ODConv2D(4, 3, num_kernels=2, temperature=5.0, name="od")(y))
    made.compile("sgd", "mse")
    monitor = RoutingMonitor(X)
    epochs(monitor, made)
    temperatures = {name: value for name, value in monitor.row.items() if name.endswith("temperature")}
    assert temperatures == {"router/temperature": 7.0, "od/temperature": 5.0}
    assert {"od/channel", "od/filter", "od/spatial", "od/use_1", "given/use_2"} <= set(monitor.row)


def test_dynet_blocks():
    monitor = RoutingMonitor(np.random.default_rng(0).normal(size=[4, 6, 6, 3]).astype("float32"))
    epochs(monitor, model(tfdynconv.blocks.DyMobileBlock(12, name="block")))
    assert {f"conv_{i}/use_5" for i in range(3)} <= set(monitor.row)


def test_collapse_is_said_once_and_with_the_name():
    layer = tfdynconv.CondConv2D(4, 3, num_experts=2, name="stuck")
    made = model(known(), layer)
    layer.routing.dense.kernel.assign(tf.zeros([4, 2]))
    layer.routing.dense.bias.assign([9.0, -9.0])
    (text,) = warned(RoutingMonitor(X), made, 4)
    assert text.startswith("RoutingMonitor: CondConv2D 'stuck' has collapsed: kernel 0 carries 99.9 %")


def test_one_epoch_is_too_early_for_a_warning():
    layer = tfdynconv.CondConv2D(4, 3, num_experts=2)
    made = model(layer)
    layer.routing.stand_still()
    assert warned(RoutingMonitor(X), made, 1) == []
    assert len(warned(RoutingMonitor(X), made, 2)) == 1


def test_no_warning_while_a_schedule_cools():
    layer = tfdynconv.DynamicConv2D(4, 3, name="warm")
    made = model(layer)
    layer.routing.stand_still()
    cool = lambda epoch: layer.routing.temperature.assign(30.0 - epoch)  # noqa: E731
    assert warned(RoutingMonitor(X), made, 4, between=cool) == []
    (text,) = warned(RoutingMonitor(X), made, 4)
    assert "its temperature stands at 27" in text


def test_a_shared_routing_that_cools_is_no_collapse():
    x = keras.Input([6, 6, 3])
    router = tfdynconv.routing.SoftmaxRouting(3, temperature=30.0)
    conv = tfdynconv.DynamicConv2D(4, 1, num_kernels=3, routing=None, name="given")
    made = keras.Model(x, conv(x, router(x)))
    made.compile("sgd", "mse")
    router.stand_still()
    cool = lambda epoch: router.temperature.assign(30.0 - epoch)  # noqa: E731
    assert warned(RoutingMonitor(X), made, 3, between=cool) == []
    (text,) = warned(RoutingMonitor(X), made, 2)
    assert "DynamicConv2D 'given' has collapsed" in text and "its temperature stands at 28" in text


class Compiled(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = tfdynconv.CondConv2D(4, 3, name="conv")

    @tf.function
    def graph(self, inputs):
        return self.conv(inputs)

    def call(self, inputs):
        return self.graph(inputs)


def test_a_layer_out_of_sight_is_named():
    made = Compiled()
    made.compile("sgd", "mse")
    made(X)
    (text,) = warned(RoutingMonitor(X), made, 3)
    assert "CondConv2D 'conv' cannot be seen: the model runs it in a tf.function" in text


def test_nothing_of_the_model_changes():
    made = model(tfdynconv.ODConv2D(4, 3, num_kernels=2), keras.layers.BatchNormalization(), keras.layers.Dropout(0.5))
    before = [np.array(weight) for weight in made.weights]
    epochs(RoutingMonitor(X), made, 2)
    for weight, value in zip(made.weights, before):
        np.testing.assert_array_equal(np.array(weight), value)


def fit(made, monitor, count=3, **arguments):
    y = np.zeros([len(X), *made.output_shape[1:]], "float32")
    return made.fit(X, y, batch_size=4, epochs=count, callbacks=[monitor], verbose=0, **arguments)


@pytest.mark.parametrize("arguments", [{}, {"run_eagerly": True}], ids=["graph", "eager"])
def test_fit_and_its_files(tmp_path, arguments):
    made = model(tfdynconv.DynamicConv2D(2, 5, num_kernels=2, name="conv"), keras.layers.Flatten())
    made.compile("sgd", "mse", **arguments)
    path, folder = tmp_path / "deep" / "routing.csv", tmp_path / "board"
    monitor = RoutingMonitor(X, csv=path, tensorboard=folder)
    history = fit(made, monitor).history
    columns = [f"conv/{name}" for name in ("use_0", "use_1", "entropy", "variation", "temperature")]
    assert list(monitor.row) == columns and set(columns) | {"loss", "routing_entropy"} == set(history)
    assert {name: history[name] for name in columns} == {name: monitor.history[name] for name in columns}
    assert {len(values) for values in history.values()} == {3}
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["conv/use_1"]) for row in rows] == history["conv/use_1"]
    assert [row["epoch"] for row in rows] == ["0", "1", "2"] == [str(epoch) for epoch in monitor.history["epoch"]]
    scalars, histograms = events(folder)
    np.testing.assert_allclose(scalars["conv/entropy"], history["conv/entropy"], rtol=1e-6)
    assert set(scalars) == set(columns)
    (name,) = histograms
    assert name == "conv/kernels" and len(histograms[name]) == 3
    assert histograms[name][0][:, 2].sum() == 2 * len(X)  # every coefficient of every sample is in a bucket


def events(folder):
    """`({name: [number of each step]}, {name: [histogram]})` of an event file."""
    found = {"scalars": {}, "histograms": {}}
    (path,) = folder.glob("events.out.tfevents.*")
    for record in tf.data.TFRecordDataset(str(path)):
        for value in tf.compat.v1.Event.FromString(record.numpy()).summary.value:
            kind = found[value.metadata.plugin_data.plugin_name]
            kind.setdefault(value.tag, []).append(tf.make_ndarray(value.tensor))
    return found["scalars"], found["histograms"]


def test_a_second_fit_starts_anew(tmp_path):
    made = model(known(), keras.layers.Flatten())
    monitor = RoutingMonitor(X, csv=tmp_path / "routing.csv")
    fit(made, monitor, 2)
    history = fit(made, monitor, 4, initial_epoch=2).history
    assert len(history["known/use_0"]) == 2 and monitor.history["epoch"] == [2, 3]
    assert (tmp_path / "routing.csv").read_text().split()[1].startswith("2,")


class Lazy(keras.Model):
    """Built in its first step; with two inputs, by name."""

    def __init__(self):
        super().__init__()
        self.conv, self.flat = known(), keras.layers.Flatten()

    def call(self, inputs):
        return self.flat(self.conv(inputs["image"])) * inputs["scale"]


def test_several_inputs_of_a_model_that_is_built_late():
    data = {"image": X, "scale": np.ones([len(X), 1], "float32")}
    made, monitor = Lazy(), RoutingMonitor(data)
    made.compile("sgd", "mse")
    made.fit(data, np.zeros([len(X), 64], "float32"), callbacks=[monitor], verbose=0)
    assert monitor.row["known/use_0"] == pytest.approx(LEVELS.mean(), rel=1e-5)


@pytest.mark.parametrize(
    "arguments, wanted",
    [
        ({"data": "images"}, "`data` must be an array of inputs, .*Received: str. Of a dataset take a batch"),
        ({"data": tf.data.Dataset.from_tensor_slices(X)}, "`data` must be an array .*Received: _TensorSliceDataset"),
        ({"data": X[:1]}, r"`data` must have at least 2 samples. Received: shape \(1, 6, 6, 3\)"),
        ({"data": np.ones([4, 6, 6, 3])}, "`data` must not be all the same"),
        ({"data": X, "samples": 1}, "`samples` must be an int of at least 2.*Received: samples=1"),
    ],
)
def test_bad_arguments(arguments, wanted):
    with pytest.raises(ValueError, match=f"RoutingMonitor: .*{wanted}"):
        RoutingMonitor(**arguments)


def test_a_model_without_dynamic_layers():
    made = model(keras.layers.Conv2D(4, 3, name="plain"))
    with pytest.raises(ValueError, match="RoutingMonitor: the model .* has no dynamic layer. Expected .*Train without"):
        epochs(RoutingMonitor(X), made)


def test_behind_a_schedule_it_logs_the_same_temperature():
    made = model(tfdynconv.DynamicConv2D(2, 5, num_kernels=2, name="conv"), keras.layers.Flatten())
    callbacks = [TemperatureSchedule(start=9.0, epochs=2), RoutingMonitor(X)]
    y = np.zeros([len(X), 8], "float32")
    history = made.fit(X, y, batch_size=4, epochs=3, callbacks=callbacks, verbose=0).history
    assert history["conv/temperature"] == history["temperature"] == [5.0, 1.0, 1.0]
