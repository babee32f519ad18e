"""With `enable_op_determinism` and a seed, training is the same to the last bit: twice in a process, and in another."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

from tfdynconv.testing import ALL_LAYERS

ROOT = pathlib.Path(__file__).parents[2]
LAYERS = {str(case) for case in ALL_LAYERS}


def digests(*options):
    """`{layer: digests of two trainings}` of a new process."""
    command = [sys.executable, "-m", "tests.training.deterministic", *options]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": "."}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def differing(found):
    return [name for name, runs in found.items() if len(set(runs)) > 1]


def test_every_layer_in_graphs():
    found = digests()
    assert {name.split()[0] for name in found} == LAYERS
    assert differing(found) == []


@pytest.mark.slow
@pytest.mark.parametrize("options", [("--variants",), ("--jit",)], ids=" ".join)
def test_every_layer_in_two_processes(options):
    first, second = digests(*options), digests(*options)
    assert {name.split()[0] for name in first} == LAYERS
    assert differing(first) == []
    assert first == second
