"""A network of dynamic layers that has learned the digits loses at most a point of accuracy in each mode."""

import keras
import numpy as np
import pytest

import tfdynconv
from tests.export.phone import Phone
from tests.export.quantized import at_its_end, digits
from tfdynconv.export import to_tflite

MODES = [*("dynamic", "int8"), *(pytest.param(mode, marks=pytest.mark.slow) for mode in ("float16", "int16x8"))]
TRAIN = 1400  # the other 397 are tested


@pytest.fixture(scope="module")
def network():
    """(the network, its accuracy)."""
    keras.utils.set_random_seed(1)
    images, labels = digits()
    model = keras.Sequential(
        [
            keras.Input([8, 8, 1]),
            keras.layers.Conv2D(8, 3, padding="same", activation="relu"),
            tfdynconv.CondConv2D(16, 3, padding="same", num_experts=4, activation="relu"),
            tfdynconv.DynamicConv2D(16, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )
    at_its_end(model)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3), loss)
    model.fit(images[:TRAIN], labels[:TRAIN], batch_size=32, epochs=8, verbose=0)
    answers = np.argmax(model.predict(images[TRAIN:], verbose=0), -1)
    return model, float(np.mean(answers == labels[TRAIN:]))


@pytest.mark.parametrize("mode", MODES)
def test_at_most_one_point_lost(tmp_path, network, mode):
    model, accuracy = network
    assert accuracy > 0.85, "has not learned enough to lose something"
    images, labels = digits()
    path = tmp_path / "digits.tflite"
    to_tflite(model, path, quantize=mode, representative_data=images[:100])
    phone = Phone(path)
    (name,) = phone.inputs
    (output,) = phone.outputs
    answers = np.array([phone(**{name: image[None]})[output].argmax() for image in images[TRAIN:]])
    assert np.mean(answers == labels[TRAIN:]) >= accuracy - 0.01
