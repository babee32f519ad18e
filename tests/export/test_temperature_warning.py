"""A file keeps the temperature that it was exported with, so an export on its way to the final one warns."""

import warnings

import keras
import pytest

import tfdynconv
from tfdynconv.export import to_tflite


def model_of(**arguments):
    inner = keras.Sequential([keras.Input([6, 6, 2]), tfdynconv.DynamicConv2D(3, 3, name="attending", **arguments)])
    return keras.Sequential([keras.Input([6, 6, 2]), inner, keras.layers.Flatten()])


def routing_of(model):
    return model.layers[0].layers[0].routing


def test_it_warns_where_the_temperature_is_not_final(tmp_path, no_conversion):
    """Names the layer, which here is in a nested model, tells both temperatures, and points at the caller's line."""
    with pytest.warns(UserWarning, match=r"'attending' at 30 \(final 1\)") as caught:
        to_tflite(model_of(), tmp_path / "m.tflite")
    (warning,) = [w for w in caught if "temperature" in str(w.message)]
    assert warning.filename == __file__
    assert (tmp_path / "m.tflite").exists()


def temperature_warnings(model, path):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        to_tflite(model, path)
    return [str(w.message) for w in caught if "temperature" in str(w.message)]


def test_not_at_the_final_temperature(tmp_path, no_conversion):
    model = model_of()
    routing_of(model).temperature.assign(1.0)
    assert temperature_warnings(model, tmp_path / "m.tflite") == []


def test_the_final_temperature_is_the_schedules(tmp_path, no_conversion):
    """Not always 1: here it is 3, and 1 is past it."""
    model = model_of(temperature=3.0)
    routing_of(model).final_temperature.assign(3.0)
    assert temperature_warnings(model, tmp_path / "m.tflite") == []
    routing_of(model).temperature.assign(1.0)
    (message,) = temperature_warnings(model, tmp_path / "m.tflite")
    assert "'attending' at 1 (final 3)" in message
