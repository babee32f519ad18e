"""Networks of `keras.applications`: made dynamic, fused, trained a few steps, saved, loaded, converted."""

import keras
import numpy as np
import pytest

import tfdynconv
from tests.surgery.networks import alive, assert_same, inputs_of, quiet, untouched
from tfdynconv.surgery import fuse, to_dynamic

# How many convolutions there are, and how many of them are followed by a normalisation.
SMALL = {"MobileNetV2": ({"alpha": 0.35}, 52, 52)}
ALL = {
    "MobileNetV2": ({}, 52, 52),
    "MobileNetV3Small": ({}, 54, 34),
    "ResNet50": ({}, 53, 53),
    "EfficientNetB0": ({}, 81, 49),
}
DYNAMIC = {"DynamicConv2D": {}, "CondConv2D": {"num_experts": 4}, "ODConv2D": {"num_kernels": 4}, "DyNetConv2D": {}}


def network(name, size, **arguments):
    make = getattr(keras.applications, name)
    return alive(make(weights=None, classes=10, classifier_activation=None, input_shape=(size, size, 3), **arguments))


def is_whole(name, size, arguments, convolutions, norms, layers):
    model = network(name, size, **arguments)
    with untouched(model):
        fused, report = fuse(model, report=True, **quiet)
    assert len(report.folded) == norms and not report.kept
    assert_same(model, fused, 1e-3)
    for layer in layers:
        with untouched(model):
            new, report = to_dynamic(model, layer, report=True, **DYNAMIC[layer], **quiet)
        assert len([row for row in report.rows if not row.reason]) == convolutions - 1
        assert_same(model, new, 1e-3)
    return new


def goes_on(model, tmp_path):
    """Trains a few steps, is saved and loaded, is folded, and becomes a `.tflite`."""
    x = np.asarray(inputs_of(model, 2))
    model.compile(keras.optimizers.SGD(1e-4), "mse", run_eagerly=True)
    losses = model.fit(x, np.zeros([2, 10]), epochs=3, verbose=0).history["loss"]
    assert len(losses) == 3 and np.isfinite(losses).all()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert_same(model, loaded)
    for layer in tfdynconv.layers.walk.walk(loaded):
        if hasattr(layer, "final_temperature"):
            layer.temperature.assign(layer.final_temperature)
    fused, report = fuse(loaded, report=True, **quiet)
    assert report.folded and not report.kept
    tfdynconv.export.to_tflite(fused, tmp_path / "model.tflite", tolerance=1e-2)


@pytest.mark.parametrize("name", SMALL)
def test_small(name):
    is_whole(name, 32, *SMALL[name], layers=["DynamicConv2D"])


@pytest.mark.slow
@pytest.mark.parametrize("layer", DYNAMIC)
@pytest.mark.parametrize("name", ALL)
def test_all(name, layer, tmp_path):
    goes_on(is_whole(name, 64, *ALL[name], layers=[layer]), tmp_path)
