"""Interleaved timing: every candidate runs once a round, so that a slow moment of the machine hits all of them."""

import statistics
import time


def interleaved(candidates, seconds=2.0, least=7, most=60):
    """`{name: function}` -> `{name: median seconds of a call}`. Two calls of each beforehand trace and warm up."""
    for function in candidates.values():
        function()
        function()
    samples = {name: [] for name in candidates}
    start = time.perf_counter()
    for done in range(most):
        for name, function in candidates.items():
            begin = time.perf_counter()
            function()
            samples[name].append(time.perf_counter() - begin)
        if done + 1 >= least and time.perf_counter() - start > seconds * len(candidates):
            break
    return {name: statistics.median(values) for name, values in samples.items()}
