"""Time the three functions of each lowering that the plan weighs, in a graph and under XLA, all of a shape in turn."""

import statistics
import time

import tensorflow as tf

from tfdynconv.ops import machine, plan
from tfdynconv.ops.geometry import ConvGeometry
from tfdynconv.tuning.fit import Row

BATCH = 32
WARM_UP, LEAST, MOST = 2, 5, 100


def rows(shapes, seconds, tell=lambda what: None):
    """A `Row` for each place and shape that estimates decide; so many seconds for all, beside tracing and compiling."""
    asked = [(place, s) for place in machine.LOWERINGS for s in shapes if plan.rule_for(place, s.case()) == plan.LEAST]
    found = []
    for place, shape in asked:
        tell(f"{shape}, {'XLA' if place == 'cpu_xla' else 'graph'}: {len(found)} of {len(asked)} measured")
        times = interleaved(jobs(shape, place, machine.LOWERINGS[place]), seconds / len(asked))
        found.append(Row(place, shape, {key: statistics.median(t) / BATCH for key, t in times.items()}))
    return found


def jobs(shape, place, names, batch=BATCH):
    """`{(lowering, function): what runs it once}` for a shape, traced with an unknown batch."""
    geometry = ConvGeometry((shape.strides,) * 2, (1, 1), "SAME")
    kernel_size, size = (shape.kernel,) * 2, (shape.size,) * 2
    with tf.device("CPU"):
        x = tf.random.normal([batch, *size, shape.channels])
        k = tf.random.normal([batch, *kernel_size, shape.channels, shape.filters])
        y = tf.random.normal([batch, shape.size_out, shape.size_out, shape.filters])
    made = {}
    for name in names:
        lowering = plan.LOWERINGS["conv"][name]
        made[name, "conv"] = job(lowering.conv, x, k, (geometry,), place)
        made[name, "input_grad"] = job(lowering.input_grad, y, k, (geometry, size), place)
        made[name, "kernel_grad"] = job(lowering.kernel_grad, x, y, (geometry, kernel_size), place)
    return made


def job(method, a, b, rest, place):
    signature = [tf.TensorSpec([None, *t.shape[1:]], t.dtype) for t in (a, b)]
    function = tf.function(lambda a, b: method(a, b, *rest), signature, jit_compile=place == "cpu_xla", autograph=False)
    run = function.get_concrete_function()

    def once():
        with tf.device("CPU"):
            run(a, b)

    return once


def interleaved(jobs, seconds):
    """`{name: seconds of each run}`: every job runs once a round, so that a slow moment of the machine hits all of them."""
    for once in jobs.values():
        for _ in range(WARM_UP):
            once()
    times: dict = {name: [] for name in jobs}
    begin = time.perf_counter()
    for done in range(1, MOST + 1):
        for name, once in jobs.items():
            start = time.perf_counter()
            once()
            times[name].append(time.perf_counter() - start)
        if done >= LEAST and time.perf_counter() - begin > seconds:
            break
    return times
