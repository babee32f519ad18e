"""Training that is interrupted goes on at the temperature where it stopped."""

import keras
import numpy as np
import pytest

from tests.training.recording import recording_model, routing_of, seen, train
from tests.training.test_temperature_schedule import KERAS_3, formula, schedule


@pytest.mark.parametrize("initial_epoch", [0, 2], ids=["counted_by_optimizer", "initial_epoch"])
@pytest.mark.parametrize("together", [1, 8])
def test_from_a_keras_file(tmp_path, together, initial_epoch):
    model = recording_model(steps_per_execution=together)
    train(model, schedule(), steps=5, epochs=2)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    train(loaded, schedule(), steps=5, epochs=initial_epoch + 2, initial_epoch=initial_epoch)
    np.testing.assert_allclose(seen(loaded), formula(20, 5, together=together), rtol=1e-6)


def test_a_fresh_optimizer_with_initial_epoch():
    model = recording_model()
    train(model, schedule(), steps=4, epochs=3, initial_epoch=1)
    np.testing.assert_allclose(seen(model), formula(12, 4)[4:], rtol=1e-6)


def test_fit_called_once_an_epoch():
    model = recording_model()
    for _ in range(4):
        train(model, schedule(), steps=4, epochs=1)
    np.testing.assert_allclose(seen(model), formula(16, 4), rtol=1e-6)


class Interrupt(keras.callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise InterruptedError


@pytest.mark.parametrize("backup_first", [False, True], ids=["schedule_first", "backup_first"])
def test_backup_and_restore(tmp_path, backup_first):
    def run(model, *others):
        callbacks = [schedule(), keras.callbacks.BackupAndRestore(str(tmp_path / "backup"))]
        first, second = reversed(callbacks) if backup_first else callbacks
        train(model, first, steps=4, epochs=5, callbacks=[second, *others])

    with pytest.raises(InterruptedError):
        run(recording_model(), Interrupt(2))
    model = recording_model()
    run(model)
    np.testing.assert_allclose(seen(model)[-12:], formula(20, 4)[8:], rtol=1e-6)


def test_a_saved_model_keeps_its_temperatures(tmp_path):
    model = recording_model()
    train(model, schedule(), steps=4, epochs=1)
    model.save(tmp_path / "model.keras")
    routing = routing_of(keras.models.load_model(tmp_path / "model.keras"))
    assert (routing.temperature.numpy(), routing.final_temperature.numpy()) == (21.0, 1.0)
    assert routing.get_config()["temperature"] == 30.0


@pytest.mark.skipif(not KERAS_3, reason="Keras 2 accumulates no gradients")
@pytest.mark.parametrize("scaled", [False, True], ids=["plain", "loss_scale"])
def test_steps_of_accumulated_gradients_all_count(tmp_path, scaled):
    optimizer = keras.optimizers.SGD(gradient_accumulation_steps=2)
    model = recording_model(optimizer=keras.optimizers.LossScaleOptimizer(optimizer) if scaled else optimizer)
    train(model, schedule(), steps=4, epochs=1)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    train(loaded, schedule(), steps=4, epochs=1)
    np.testing.assert_allclose(seen(loaded), formula(8, 4), rtol=1e-6)
