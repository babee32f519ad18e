"""examples/multi_worker.py: a worker is killed, the other ends, and from the last checkpoint training comes out the same."""

import re
import shutil
import time

import numpy as np
import pytest

from examples.multi_worker import network
from tests.distribute.processes import cluster, finish, started

SCRIPT = ["examples/multi_worker.py", "--epochs", "6", "--save-every", "10", "--output"]


def run(directory, *outputs):
    """The script to its end: alone where one output is given, as two workers where the next one is the same."""
    directory.mkdir()
    commands = []
    for output in outputs:
        count = outputs.count(output)
        configs = cluster(count) if count > 1 else [None]
        if not any(command[0][-1] == str(output) for command in commands):
            commands += [([*SCRIPT, str(output)], {"TF_CONFIG": c} if c else {}) for c in configs]
    with started(commands, directory) as running:
        finish(running, directory)
    return [(directory / f"{number}.log").read_text() for number in range(len(commands))]


def wait_for(text, log, seconds=120):
    end = time.monotonic() + seconds
    while text not in log.read_text():
        assert time.monotonic() < end, log.read_text()[-3000:]
        time.sleep(0.05)


def saved(text):
    return [int(step) for step in re.findall(r"saved step (\d+)", text)]


def weights(output):
    model = network()
    model.load_weights(output / "model.keras")
    return model.get_weights()


def kill_one(directory, output, victim):
    """Two workers, of which one dies after 20 steps; what the other said."""
    directory.mkdir()
    commands = [([*SCRIPT, str(output)], {"TF_CONFIG": config}) for config in cluster(2)]
    with started(commands, directory) as running:
        wait_for("saved step 20", directory / f"{victim}.log")
        running[victim].kill()
        code = running[1 - victim].wait(timeout=120)
    said = (directory / f"{1 - victim}.log").read_text()
    assert code != 0 and "test accuracy" not in said, said[-3000:]
    return said


@pytest.mark.slow  # a minute
def test_goes_on_where_it_was_saved(tmp_path):
    """On two workers again, and on one; with the weights of a training that nothing interrupted."""
    two, one, whole = tmp_path / "two", tmp_path / "one", tmp_path / "whole"
    said = kill_one(tmp_path / "killed", two, victim=1)
    shutil.copytree(two, one)
    logs = run(tmp_path / "resumed", two, two, one, whole)
    for log in logs[:3]:
        assert f"goes on from step {saved(said)[-1]}\n" in log
        assert saved(log)[0] == saved(said)[-1] + 10
    assert "goes on" not in logs[3]
    for output in (two, one):
        for received, wanted in zip(weights(output), weights(whole)):
            np.testing.assert_allclose(received, wanted, rtol=1e-3, atol=1e-4 * max(1, np.abs(wanted).max()))


@pytest.mark.slow
def test_the_first_worker_is_the_one_that_dies(tmp_path):
    kill_one(tmp_path / "killed", tmp_path / "output", victim=0)
    logs = run(tmp_path / "resumed", tmp_path / "output", tmp_path / "output")
    assert all(re.search(r"goes on from step \d+0\n", log) for log in logs)
