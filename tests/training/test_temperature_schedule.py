"""The temperature that the compiled step reads is that of the formula, in every step."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from tests.training.recording import RecordingRouting, data, recording_model, routing_of, seen, train
from tfdynconv.training import TemperatureSchedule

KERAS_3 = keras.__version__ >= "3"


def formula(steps, steps_per_epoch, start=31.0, end=1.0, epochs=3, together=1):
    """Temperature of steps 0, 1, ...; in each epoch `together` steps run at once and share that of the first."""
    step = np.arange(steps)
    first = step - step % steps_per_epoch % together
    return end + np.maximum(0, (start - end) * (1 - first / (epochs * steps_per_epoch)))


def schedule(epochs=3):
    return TemperatureSchedule(start=31.0, end=1.0, epochs=epochs)


@pytest.mark.parametrize("together", [1, 8])
@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "jit"])
def test_every_step_sees_the_value_of_its_step(jit_compile, together):
    model = recording_model(jit_compile=jit_compile, steps_per_execution=together)
    history = train(model, schedule(), steps=10, epochs=5)
    np.testing.assert_allclose(seen(model), formula(50, 10, together=together), rtol=1e-6)
    np.testing.assert_allclose(history.history["temperature"], [21, 11, 1, 1, 1], rtol=1e-6)
    assert routing_of(model).temperature.numpy() == 1.0


@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "jit"])
def test_nothing_is_traced_again(jit_compile):
    model = recording_model(jit_compile=jit_compile)
    counts = []
    count = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: counts.append(RecordingRouting.traced)
    )
    train(model, schedule(), steps=4, epochs=3, callbacks=[count])
    assert len(set(seen(model))) == 12
    assert counts[0] == counts[-1]


def test_a_compiled_prediction_changes_with_the_temperature():
    model = recording_model()
    x, _ = data(4)
    routing = routing_of(model)
    routing.excite.set_weights([5 * w for w in routing.excite.get_weights()])
    before = model.predict(x, verbose=0)
    model.optimizer.learning_rate = 0.0
    train(model, TemperatureSchedule(30.0, 0.5, epochs=1), steps=2, epochs=1)
    assert np.abs(model.predict(x, verbose=0) - before).max() > 1e-3 * np.abs(before).max()


def test_the_end_is_exact_and_known_from_the_start():
    model = recording_model()
    ends = []
    note = keras.callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: ends.append(float(routing_of(model).final_temperature.numpy()))
    )
    train(model, TemperatureSchedule(start=30.0, end=0.3, epochs=2), steps=3, epochs=2, callbacks=[note])
    assert set(ends) == {np.float32(0.3)}
    assert routing_of(model).temperature.numpy() == np.float32(0.3)


def test_steps_of_unknown_number_change_the_value_once_an_epoch():
    model, (x, y) = recording_model(), data(4)
    rows = tf.data.Dataset.from_generator(
        lambda: zip(x, y), output_signature=(tf.TensorSpec(x.shape[1:]), tf.TensorSpec(y.shape[1:]))
    )
    history = model.fit(rows.batch(2), epochs=4, callbacks=[schedule()], verbose=0)
    np.testing.assert_allclose(seen(model), np.repeat([31, 21, 11, 1], 4))
    np.testing.assert_allclose(history.history["temperature"], [21, 11, 1, 1])


def test_steps_per_epoch_given():
    model, (x, y) = recording_model(), data(6)
    rows = tf.data.Dataset.from_tensor_slices((x, y)).batch(2).repeat()
    model.fit(rows, steps_per_epoch=5, epochs=2, callbacks=[schedule(epochs=2)], verbose=0)
    np.testing.assert_allclose(seen(model), formula(10, 5, epochs=2), rtol=1e-6)


def test_mixed_float16():
    before = keras.mixed_precision.dtype_policy() if KERAS_3 else keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model = recording_model()
        train(model, schedule(), steps=4, epochs=2)
    finally:
        keras.mixed_precision.set_global_policy(before)
    assert model.layers[0].compute_dtype == "float16"
    np.testing.assert_allclose(seen(model), formula(8, 4), rtol=1e-6)


def test_a_rising_schedule_rises():
    assert [TemperatureSchedule(1.0, 3.0, 2).temperature_at(p) for p in (0, 0.5, 1, 2)] == [1.0, 2.0, 3.0, 3.0]


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.body = [tfdynconv.DynamicConv2D(2, 3, routing=RecordingRouting()), keras.layers.Flatten()]

    def call(self, inputs):
        for layer in self.body:
            inputs = layer(inputs)
        return inputs

    @property
    def routing(self):
        return self.body[0].routing


def test_a_subclassed_model_that_is_not_built_before_fit():
    model = Subclassed()
    model.compile("sgd", "mse")
    train(model, TemperatureSchedule(20.0, 2.0, epochs=3), steps=4, epochs=3)
    routing = model.routing
    np.testing.assert_allclose(routing.seen.numpy()[:12], formula(12, 4, start=20.0, end=2.0), rtol=1e-6)
    assert (routing.temperature.numpy(), routing.final_temperature.numpy()) == (2.0, 2.0)


def test_all_routing_of_nested_models_and_standing_alone():
    inner = keras.Sequential([keras.Input([4, 4, 3]), tfdynconv.DynamicConv2D(3, 3, padding="same")])
    x = keras.Input([4, 4, 3])
    shared = tfdynconv.routing.SoftmaxRouting(4)
    y = tfdynconv.CondConv2D(2, 3, num_experts=4, routing=None)(inner(x), shared(x))
    model = keras.Model(x, keras.layers.Flatten()(y))
    model.compile("sgd", "mse")
    train(model, TemperatureSchedule(9.0, 2.0, epochs=1), steps=2, epochs=1)
    assert [r.temperature.numpy() for r in (shared, inner.layers[0].routing)] == [2.0, 2.0]


def test_a_model_without_temperature_is_an_error():
    model = keras.Sequential([keras.Input([4, 4, 3]), tfdynconv.CondConv2D(2, 3), keras.layers.Flatten()], name="plain")
    model.compile("sgd", "mse")
    with pytest.raises(
        ValueError, match="TemperatureSchedule: nothing in the model 'plain' has a temperature.*DynamicConv"
    ):
        train(model, schedule(), steps=1, epochs=1)


@pytest.mark.parametrize("name", ["start", "end", "epochs"])
@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf"), "30", None, True], ids=str)
def test_bad_arguments(name, value):
    with pytest.raises(ValueError, match=f"TemperatureSchedule: `{name}` must be a positive number. Received: {name}="):
        TemperatureSchedule(**{name: value})
