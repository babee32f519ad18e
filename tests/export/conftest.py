"""One export of each form for all tests, because each takes some seconds; and exports without a conversion."""

import dataclasses
import types

import keras
import numpy as np
import pytest

import tfdynconv
from tests.export.forms import FORMS
from tests.export.phone import Phone
from tfdynconv.export import tflite
from tfdynconv.export.verification import Run


@dataclasses.dataclass
class Exported:
    """A model, the file that it became, and the state of the model before."""

    name: str
    model: keras.Model
    path: str
    report: tfdynconv.export.ExportReport
    weights: list
    phone: Phone


@pytest.fixture(scope="session")
def exports(tmp_path_factory):
    """`exports(name)`: the export of a form, made when it is first asked for."""
    made = {}

    def export(name):
        if name not in made:
            build, batch_size, *_ = FORMS[name]
            keras.utils.set_random_seed(3)
            model = build()
            weights = [np.array(weight) for weight in model.weights]
            path = str(tmp_path_factory.mktemp(name) / "model.tflite")
            report = tfdynconv.export.to_tflite(model, path, batch_size=batch_size)
            made[name] = Exported(name, model, path, report, weights, Phone(path))
        return made[name]

    return export


@pytest.fixture(params=FORMS)
def exported(exports, request):
    return exports(request.param)


@pytest.fixture
def no_conversion(monkeypatch):
    """Everything of `to_tflite` but the converter and the interpreter; `.inputs` are those that it would compare on."""
    seen = types.SimpleNamespace(inputs=None, specs=None)

    def convert(saved_model, destination, *_):
        with open(destination, "wb") as file:
            file.write(b"converted")

    def run_tflite(model_file, sizes, scratch, mode):
        seen.sizes, seen.inputs, seen.specs = sizes, sizes[0].inputs, sizes[0].specs
        return Run({}, {"ADD": 1}, {}, {})

    monkeypatch.setattr(tflite, "convert", convert)
    monkeypatch.setattr(tflite, "run_tflite", run_tflite)
    monkeypatch.setattr(tflite, "agreement", lambda *_: (0.0, 0.0))
    return seen
