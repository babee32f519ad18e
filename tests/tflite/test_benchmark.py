"""The command `benchmark`, and the clock behind it: which runs count, in which order, and what is told of them."""

import io
import re

import numpy as np
import pytest

from tests.tflite import models
from tests.tflite.device import printed, refused, result


def test_each_number_of_threads(file):
    told = result("benchmark", file("dense.tflite"), "--threads", 1, 2, "--runs", 7)
    assert told["bytes"] == file("dense.tflite").stat().st_size
    assert (told["runs"], told["delegate"]) == (7, True)
    assert [each["threads"] for each in told["latency"]] == [1, 2]
    for each in told["latency"]:
        low, high = each["milliseconds"]["quartiles"]
        assert 0 < low <= each["milliseconds"]["median"] <= high


def test_in_words(file):
    told = printed("benchmark", file("dense.tflite"), "--threads", 2, "--runs", 3, "--no-delegate")
    assert "3 runs, without a delegate" in told
    assert re.search(
        r"^2 thread\(s\): \d+\.\d+ ms \(half of the runs within \d+\.\d+ and \d+\.\d+\)$", told, re.MULTILINE
    )


def test_without_a_delegate_everything_is_outside_of_it(file, module):
    """What --no-delegate asks of the model: no part is left for XNNPACK."""
    partitions, model = module("partitions"), module("model")
    path = str(file("static.tflite"))
    assert partitions.left_out(model.Model(path, delegate=True)) == (1, {})
    assert partitions.left_out(model.Model(path, delegate=False)) == (0, partitions.ops(model.Model(path)))


def test_given_data(file, tmp_path):
    np.save(tmp_path / "x.npy", np.zeros(models.SHAPE))
    np.save(tmp_path / "y.npy", np.zeros([1, 3]))
    result("benchmark", file("dense.tflite"), "--data", tmp_path / "x.npy", "--runs", 2)
    refused("of shape \\(1, 3\\)", "benchmark", file("dense.tflite"), "--data", tmp_path / "y.npy")


def test_sizes_that_the_file_leaves_open_and_cannot_be_drawn(file, tmp_path):
    """A file for images of any size whose head wants 4 x 4: one pixel, the smallest, is too small."""
    refused(
        r"cannot compute inputs of the shapes \{'image': \(1, 1, 1, 3\)\}",
        "benchmark",
        file("any_size.tflite"),
        "--runs",
        2,
    )
    np.save(tmp_path / "x.npy", np.zeros([1, 4, 4, 3]))
    result("benchmark", file("any_size.tflite"), "--data", tmp_path / "x.npy", "--runs", 2)


def test_jobs_take_turns(module, monkeypatch):
    """Each round calls all of them, every second round backwards, and the first three rounds do not count."""
    timing, now, calls = module("timing"), [0.0], []
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])

    def job(name, lengths):
        def run():
            calls.append(name)
            now[0] += next(lengths) / 1000

        return run

    lengths = {"a": [100, 100, 100, 1, 2, 3, 4], "b": [200, 200, 200, 10, 20, 30, 40]}
    times = timing.interleaved([job(name, iter(each)) for name, each in lengths.items()], 4)
    assert "".join(calls) == "abbaabbaabbaab"
    np.testing.assert_allclose(times, [[1, 10], [2, 20], [3, 30], [4, 40]])


def test_median_and_quartiles(module):
    told = module("timing").summary([5.0, 1.0, 2.0, 4.0, 3.0])
    assert told == {"median": 3.0, "quartiles": [2.0, 4.0]}
    assert module("timing").told(told, " ms") == "3.000 ms (half of the runs within 2.000 and 4.000)"


@pytest.mark.parametrize(
    "seconds, expected",
    [
        (0.5, ""),  # five steps in 2.5 s
        (0.75, "\rruns: 4 of 5\n"),  # the fifth comes less than a second later
        (1.5, "\rruns: 2 of 5\rruns: 3 of 5\rruns: 4 of 5\rruns: 5 of 5\n"),
    ],
)
def test_progress_after_three_seconds(module, seconds, expected):
    now, stream = [100.0], io.StringIO()
    progress = module("timing").Progress(5, "runs", stream=stream, clock=lambda: now[0])
    for _ in range(5):
        now[0] += seconds
        progress.step()
    progress.close()
    assert stream.getvalue() == expected


def test_progress_goes_to_stderr(module, capsys):
    now = iter([0.0, 10.0])
    progress = module("timing").Progress(1, "runs", clock=lambda: next(now))
    progress.step()
    progress.close()
    assert capsys.readouterr() == ("", "\rruns: 1 of 1\n")
