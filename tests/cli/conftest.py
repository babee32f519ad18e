"""Files to convert and to measure, and the command called as a function."""

import re

import keras
import pytest

import tfdynconv
from tests.export.forms import settled
from tfdynconv.cli.main import main


@pytest.fixture(scope="session")
def model():
    layers = [keras.Input([6, 5, 3], name="image"), tfdynconv.CondConv2D(4, 3, num_experts=2)]
    return settled(keras.Sequential(layers))


@pytest.fixture(scope="session")
def saved(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    model.save(path)
    return str(path)


@pytest.fixture(scope="session")
def converted(model, tmp_path_factory):
    path = str(tmp_path_factory.mktemp("converted") / "model.tflite")
    tfdynconv.export.to_tflite(model, path)
    return path


@pytest.fixture
def command(capsys):
    """`command(*arguments) -> (exit code, stdout, stderr without the progress that a slow machine gets to see)`."""

    def run(*arguments):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as wrong_usage:
            code = wrong_usage.code
        told = capsys.readouterr()
        return code, told.out, re.sub(r"^tfdynconv: .* \(\d+ s\)\n", "", told.err, flags=re.M)

    return run
