"""Colours are for terminals whose owner wants them; and what a command tells otherwise is plain."""

import io
import os
import subprocess
import sys

import pytest

from tfdynconv.cli import main
from tfdynconv.cli.colour import coloured


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    "stream, variables, wanted",
    [
        (Terminal(), {}, "\033[31mno\033[0m"),
        (io.StringIO(), {}, "no"),
        (Terminal(), {"NO_COLOR": "1"}, "no"),
        (Terminal(), {"NO_COLOR": ""}, "\033[31mno\033[0m"),
        (Terminal(), {"TERM": "dumb"}, "no"),
    ],
)
def test_where(stream, variables, wanted, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert coloured("no", "red", stream) == wanted


def test_a_failure_on_a_terminal(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert main.main(["benchmark", "none.tflite"]) == 1
    assert sys.stderr.getvalue().startswith("\033[31mtfdynconv benchmark:\033[0m there is no file")


def test_a_reader_that_leaves_early():
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "tfdynconv", "completion", "bash"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")
