"""The scripts of examples/ run as they are."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent


def run(*arguments):
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done


def test_digits(tmp_path):
    """A short run of the demo writes table, files and pictures."""
    done = run("examples/digits.py", "--epochs", "2", "--seeds", "1", "--output", str(tmp_path))
    table = (tmp_path / "table.md").read_text()
    assert all(f"| {name} |" in table for name in ("Conv2D", "CondConv2D", "DynamicConv2D"))
    assert table in done.stdout or table.strip() in done.stdout
    written = {path.name for path in tmp_path.iterdir()}
    assert {"Conv2D.tflite", "CondConv2D.tflite", "routing_CondConv2D.png", "routing_DynamicConv2D.png"} <= written


def test_multi_device():
    done = run("examples/multi_device.py", "--epochs", "2")
    assert done.stdout.startswith("2 replicas on /job:localhost/replica:0/task:0/device:CPU:0, ")
    assert float(done.stdout.split("test accuracy")[1]) > 0.3


def test_upgrade_trained_model(tmp_path):
    """The loss does not jump when the model becomes dynamic, and the table has the three networks."""
    done = run("examples/upgrade_trained_model.py", "--epochs", "1", "--seeds", "1", "--output", str(tmp_path))
    static, dynamic = re.search(r"loss ([\d.]+) static, ([\d.]+) dynamic, before training on", done.stdout).groups()
    assert abs(float(static) - float(dynamic)) < 1e-4 and "to_dynamic: 2 of 4 layers" in done.stdout
    table = (tmp_path / "table.md").read_text()
    assert all(f"| {name} |" in table for name in ("static", "static, trained on", "DynamicConv2D"))
    assert {path.name for path in tmp_path.iterdir()} >= {"static.tflite", "static_on.tflite", "dynamic.tflite"}


def test_tpu_without_a_tpu():
    done = run("examples/tpu.py")
    assert done.stdout.startswith("No TPU named 'local': ") and "Nothing was trained." in done.stdout


@pytest.mark.slow
def test_what_the_tpu_would_train():
    """The same code under a strategy of this machine."""
    program = (
        "import examples.tpu, tensorflow as tf; m = examples.tpu.train(tf.distribute.get_strategy(), 2); print('done')"
    )
    assert run("-c", program).stdout.endswith("done\n")


@pytest.mark.slow
def test_multi_worker_alone_learns(tmp_path):
    done = run("examples/multi_worker.py", "--output", str(tmp_path))
    assert float(done.stdout.split("test accuracy")[1]) > 0.9
    assert (tmp_path / "model.keras").exists()
