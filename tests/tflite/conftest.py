"""Each file is converted once, when a test first asks for it; and the runner's modules in this process."""

import importlib
import sys

import pytest

from tests.tflite.device import FOLDER
from tests.tflite.models import FILES


@pytest.fixture(scope="session")
def file(tmp_path_factory):
    """`file(name)`: the path of one of `FILES`."""
    folder = tmp_path_factory.mktemp("tflite")

    def path(name):
        if not (folder / name).exists():
            (folder / name).write_bytes(FILES[name]())
        return folder / name

    return path


@pytest.fixture
def module(monkeypatch):
    """`module(name)`: one of the runner's modules, forgotten after the test, for their names are plain words."""
    monkeypatch.syspath_prepend(str(FOLDER))
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if (FOLDER / f"{name}.py").exists():
            del sys.modules[name]
