"""A process that runs one framework's candidates when told to. TensorFlow and PyTorch do not live in one process.

The parent writes a line of JSON and reads one. `open` a shape first: the worker makes the candidates, and says for each
kind of step which there are and what keeps some from running. Then `run` times one of them for a while. The process lives
through all shapes.
"""

import json
import os
import statistics
import subprocess
import sys
import time


class Worker:
    """The parent's end."""

    def __init__(self, module, threads):
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self.module = module

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.module} ended with exit code {self.process.wait()} at {request}.")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def serve(candidates_of):
    """The worker's end; `candidates_of(number of the shape, path)` gives `{kind: {name: function, or why not}}`."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print must not mix with the answers
    candidates = {}
    for line in sys.stdin:
        request = json.loads(line)
        if "open" in request:
            candidates = {}  # the old ones free their memory before the new ones take theirs
            candidates = candidates_of(request["open"], request["path"])
            answer = {kind: {name: reason(f) for name, f in found.items()} for kind, found in candidates.items()}
        else:
            answer = median(candidates[request["kind"]][request["run"]], request["seconds"])
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def reason(candidate):
    """Why a candidate cannot run; None if it can."""
    return None if callable(candidate) else candidate


def median(function, seconds):
    """Median seconds of a call, of as many as fit, at least one; one more before them brings the caches back."""
    function()
    samples, start = [], time.perf_counter()
    while not samples or time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        function()
        samples.append(time.perf_counter() - begin)
    return statistics.median(samples)
