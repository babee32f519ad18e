"""Logits of timm's and torchvision's networks and of ours with their weights loaded. Not in CI: `pytest -m peers`.

    python3.11 -m venv .venv-peers && .venv-peers/bin/pip install -e '.[test,peers]'
    PYTHONPATH=. .venv-peers/bin/python -m pytest -m peers tests/models/test_peers.py

Weights are random, running statistics those of a few random images, so that nothing is downloaded and no layer is idle.
"""

import importlib.util
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from tests.models import networks
from tfdynconv import models

needs_peers = pytest.mark.skipif(importlib.util.find_spec("timm") is None, reason="the extra `peers` is not installed")
pytestmark = [pytest.mark.peers, needs_peers]

CONDCONV = [name for name in networks.PUBLISHED if name.startswith("tf_")]
STATIC = {
    "resnet18": lambda: models.resnet(18, classifier_activation=None),
    "resnet50": lambda: models.resnet(50, classifier_activation=None),
    "mobilenet_v2": lambda: models.mobilenet_v2(classifier_activation=None),
}


def torch_side(*arguments):
    program = pathlib.Path(__file__).parent / "torch_side.py"
    subprocess.run([sys.executable, str(program), *map(str, arguments)], check=True, timeout=600)


def agree(package, name, model, folder, file):
    torch_side(package, name, folder, file)
    report = models.load_published(model, folder / file)
    assert report.complete and report.counters
    wanted, found = np.load(folder / "logits.npy"), model.predict(np.load(folder / "images.npy"), verbose=0)
    difference = np.abs(found - wanted).max() / np.abs(wanted).max()
    print(f"{name}: {difference:.1e} of the largest logit")
    assert np.ptp(wanted) > 0.1 and difference < 1e-4


@pytest.mark.parametrize("name", CONDCONV)
def test_timm(name, tmp_path):
    agree("timm", name, networks.published(name, classifier_activation=None), tmp_path, "model.safetensors")


@pytest.mark.parametrize("name", STATIC)
def test_torchvision(name, tmp_path):
    agree("torchvision", name, STATIC[name](), tmp_path, "model.pth")


@pytest.fixture
def small():
    return models.resnet(18, input_shape=(32, 32, 3))


def test_a_pickle_is_not_executed(tmp_path, small):
    torch_side("trap", tmp_path / "trace", tmp_path, "model.pth")
    with pytest.raises(ValueError, match="cannot be read as weights"):
        models.load_published(small, tmp_path / "model.pth")
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("kept", [0.99, 0.5, 0.0])
def test_a_torch_file_that_is_cut_off(kept, tmp_path, small):
    torch_side("torchvision", "resnet18", tmp_path, "model.pth")
    whole = (tmp_path / "model.pth").read_bytes()
    (tmp_path / "model.pth").write_bytes(whole[: int(kept * len(whole))])
    before = small.get_weights()
    with pytest.raises(ValueError, match="cannot be read as weights"):
        models.load_published(small, tmp_path / "model.pth")
    assert all(np.array_equal(a, b) for a, b in zip(before, small.get_weights()))
