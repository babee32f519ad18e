"""All trainings, one after the other in this process."""

import functools

from benchmarks.accuracy import match
from benchmarks.accuracy.sets import SETS
from benchmarks.accuracy.variants import network
from benchmarks.digits.training import Trainer

FIRST = 2  # seeds that every network has before any has more, so that a sweep that is stopped has a table


@functools.cache  # compiled once: tracing takes longer than a training, and what was traced stays in memory anyway
def trainer(name, network_name):
    chosen = SETS[name]
    make = functools.partial(network, chosen, match.of(network_name))
    images, labels = chosen.load()
    return Trainer(network_name, make, images, labels, len(images) // 2, epochs=chosen.epochs)


def train(record, name, network_name, seeds):
    for seed in record.missing(name, network_name, seeds):
        accuracy = trainer(name, network_name).train(seed, SETS[name].halves(seed))
        record.add(name, network_name, seed, accuracy)
        print(f"{name}, {network_name}, seed {seed}: {accuracy:.4f}", flush=True)


def sweep(record, seeds):
    for name in SETS:
        record.describe(name, *match.matched(name))
    if record.is_complete(range(seeds)):
        record.accuracies.clear()  # a finished sweep is begun anew: the layers may have changed
    for part in (range(min(FIRST, seeds)), range(seeds)):
        for name in SETS:
            for network_name in record.networks[name]:
                train(record, name, network_name, part)
        yield part
