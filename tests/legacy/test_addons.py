"""TensorFlow Addons' optimizers train the layers on TensorFlow 2.15.1 with Keras 2.15; the model is saved and converted."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_addons as tfa
from sklearn.datasets import load_digits

import tfdynconv

OPTIMIZERS = {
    "lamb": lambda: tfa.optimizers.LAMB(0.02),
    "radam_lookahead": lambda: tfa.optimizers.Lookahead(tfa.optimizers.RectifiedAdam(0.01)),
}


def digits():
    data = load_digits()
    return (data.images[..., np.newaxis] / 16.0).astype("float32"), data.target


def network(layer):
    return keras.Sequential(
        [
            keras.Input([8, 8, 1]),
            keras.layers.Conv2D(8, 3, padding="same", activation="relu"),
            layer(16, 3, strides=2, padding="same", activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )


def test_the_stack_is_the_one_that_addons_needs():
    assert tf.__version__ == "2.15.1" and keras.__version__.startswith("2.15") and tfa.__version__ == "0.23.0"


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("layer", [tfdynconv.CondConv2D, tfdynconv.DynamicConv2D])
def test_trains_saves_loads_converts(layer, optimizer, tmp_path):
    keras.utils.set_random_seed(0)
    images, labels = digits()
    model = network(layer)
    model.compile(OPTIMIZERS[optimizer](), keras.losses.SparseCategoricalCrossentropy(from_logits=True), ["accuracy"])
    schedule = [tfdynconv.training.TemperatureSchedule(epochs=4)] if layer is tfdynconv.DynamicConv2D else []
    before = [w.numpy().copy() for w in model.trainable_weights]
    model.fit(images[:1200], labels[:1200], batch_size=32, epochs=8, verbose=0, callbacks=schedule)
    assert all(np.abs(w.numpy() - b).max() > 0 for w, b in zip(model.trainable_weights, before))
    assert model.evaluate(images[1200:], labels[1200:], verbose=0)[1] > 0.85

    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(loaded.predict(images[:8], verbose=0), model.predict(images[:8], verbose=0))

    report = tfdynconv.export.to_tflite(model, tmp_path / "model.tflite", representative_data=images[:4])
    assert report.max_relative_error < 1e-4
