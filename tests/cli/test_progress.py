"""Progress is told after a while, over the same line on a terminal, in lines elsewhere; a short job tells nothing."""

import io
import re
import threading

from tfdynconv.cli.progress import Progress


class Stream(io.StringIO):
    """Can be a terminal, and tells when something was written for the nth time."""

    def __init__(self, terminal):
        super().__init__()
        self.terminal, self.times, self.enough = terminal, 0, threading.Event()

    def isatty(self):
        return self.terminal

    def write(self, text):
        super().write(text)
        self.times += 1
        if self.times == 2:
            self.enough.set()


def told(terminal):
    stream = Stream(terminal)
    with Progress("loading", stream, first=0.01, every=0.01) as progress:
        progress.what = "converting"
        assert stream.enough.wait(20)
    return stream.getvalue()


def test_a_short_job_tells_nothing():
    stream = Stream(True)
    with Progress("x", stream):
        pass
    assert stream.getvalue() == ""


def test_on_a_terminal_the_line_is_written_over_and_wiped():
    text = told(True)
    assert re.match(r"(\rtfdynconv: converting \(0 s\)){2}", text)
    assert "\n" not in text
    assert re.search(r"\r +\r$", text)


def test_elsewhere_in_lines():
    assert re.fullmatch(r"(tfdynconv: converting \(0 s\)\n){2,}", told(False))
