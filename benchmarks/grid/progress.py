"""How far the grid is, on stderr: what is measured now, what is done, and how long the rest will take at this pace."""

import sys
import time


class Progress:
    """One line that is written over on a terminal, a line for each case elsewhere."""

    def __init__(self, total, stream=None, clock=time.monotonic):
        self.total, self.stream, self.clock = total, stream or sys.stderr, clock
        self.done, self.begin, self.width = 0, clock(), 0

    def next(self, what):
        text = f"[{self.done + 1}/{self.total}] {what}"
        if self.done:
            left = (self.clock() - self.begin) / self.done * (self.total - self.done)
            text += f", some {left:.0f} s left"
        self.done += 1
        over = self.stream.isatty()
        self.stream.write("\r" + text.ljust(self.width) if over else text + "\n")
        self.stream.flush()
        self.width = len(text) if over else 0

    def close(self):
        if self.width:
            self.stream.write("\r" + " " * self.width + "\r")
            self.stream.flush()
