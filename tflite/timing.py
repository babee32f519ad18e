"""Latencies: taken turn by turn, told as a median with quartiles."""

import sys
import time

import numpy as np

WARM_UP = 3


class Progress:
    """Tells how far a long job is, on stderr, once it has taken three seconds, and then every second."""

    def __init__(self, total, what, stream=None, clock=time.monotonic):
        self.total, self.what, self.clock = total, what, clock
        self.stream = sys.stderr if stream is None else stream
        self.done, self.shown = 0, None
        self.begin = clock()

    def step(self):
        self.done += 1
        now = self.clock()
        if now - self.begin >= 3 and (self.shown is None or now - self.shown >= 1):
            self.shown = now
            self.stream.write(f"\r{self.what}: {self.done} of {self.total}")
            self.stream.flush()

    def close(self):
        if self.shown is not None:
            self.stream.write("\n")


def interleaved(jobs, rounds, what="run"):
    """Milliseconds, `[rounds, jobs]`: each round calls every job once, so that a slow spell of the machine hits all alike.

    Every second round goes backwards: none is always the one that finds the caches cold. Three rounds before are not counted.
    """
    progress = Progress(rounds + WARM_UP, what)
    times = np.zeros([rounds + WARM_UP, len(jobs)])
    for turn in times:
        for i in sorted(range(len(jobs)), reverse=progress.done % 2 == 1):
            begin = time.perf_counter()
            jobs[i]()
            turn[i] = 1000 * (time.perf_counter() - begin)
        progress.step()
    progress.close()
    return times[WARM_UP:]


def summary(values):
    """The median and the quartiles around it."""
    low, median, high = np.percentile(values, [25, 50, 75])
    return {"median": float(median), "quartiles": [float(low), float(high)]}


def told(measured, unit):
    low, high = measured["quartiles"]
    return f"{measured['median']:.3f}{unit} (half of the runs within {low:.3f} and {high:.3f})"
