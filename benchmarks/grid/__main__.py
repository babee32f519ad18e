"""Dynamic layers, whole networks and region convolutions beside static ones: tables, a plot, and the bars they are held to.

python -m benchmarks.grid                                  # everything, in a graph and under XLA
python -m benchmarks.grid --quick                          # two minutes, rough, a few of each
python -m benchmarks.grid --part networks --place graph    # layers, networks, regions, growth
python -m benchmarks.grid --part layers --case 3 --store grid.json     # one column, added to a file
python -m benchmarks.grid --store grid.json --show --plot grid.png     # what the file holds; measures nothing

Static and dynamic ones run in turn in one process, so a figure is a ratio from one run. `forward, 1` is batch 1, the
others have the batch of the case; all are traced without knowing it. No figure decides anything: the tables say which
bars were missed.
"""

import argparse
import os
import platform

import keras
import tensorflow as tf

from benchmarks.grid.growth import GROWTH
from benchmarks.grid.layers import LAYERS
from benchmarks.grid.networks import NETWORKS
from benchmarks.grid.plot import plot
from benchmarks.grid.progress import Progress
from benchmarks.grid.regions import REGIONS
from benchmarks.grid.store import Store
from benchmarks.grid.table import text

PARTS = {"layers": LAYERS, "networks": NETWORKS, "regions": REGIONS, "growth": GROWTH}


def measured_with():
    instructions = os.environ.get("ONEDNN_MAX_CPU_ISA", "all that the processor has")
    versions = f"TensorFlow {tf.__version__}, Keras {keras.__version__}"
    return f"{versions}, {platform.machine()}, {os.cpu_count()} cores, instructions: {instructions}"


def jobs(parts, places, quick, case):
    """(name of the part, place, case, rows) of everything that is to be measured."""
    for name, part in parts.items():
        cases, rows = part.chosen(quick, case)
        measured = [place for place in places if place in (part.quick_places if quick else part.bars)]
        yield from ((name, place, one, rows) for place in measured for one in cases)


def measure(parts, work, store, seconds):
    progress = Progress(len(work))
    for name, place, case, rows in work:
        progress.next(f"{name}, {place}: {case}")
        store.add(name, place, str(case), parts[name].measure(case, rows, place == "xla", seconds))
        keras.backend.clear_session()
    progress.close()


def show(parts, places, store, quick, path):
    drawn = {}
    for name, part in parts.items():
        for place in places:
            results = store.of(name, place, part.chosen(quick)[0])
            if results:
                print(text(part, place, results), flush=True)
                drawn.setdefault(name, (part, part.bars[place], results))
    if path and drawn:
        plot(list(drawn.values()), path)


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, prog="python -m benchmarks.grid"
    )
    parser.add_argument("--part", choices=PARTS, action="append", help="only this one; may be given several times")
    parser.add_argument("--place", choices=("graph", "xla"), help="only there")
    parser.add_argument("--case", type=int, help="only this column, from 0")
    parser.add_argument("--quick", action="store_true", help="a few of each, roughly")
    parser.add_argument("--seconds", type=float, default=2.0, help="a measure of how long each case is timed")
    parser.add_argument("--store", metavar="FILE", help="add the figures to this file, and show all that it holds")
    parser.add_argument("--show", action="store_true", help="measure nothing")
    parser.add_argument("--plot", metavar="FILE", help="draw the figures")
    asked = parser.parse_args(arguments)
    parts = {name: PARTS[name] for name in asked.part or PARTS}
    places = [asked.place] if asked.place else ["graph", "xla"]
    store = Store(asked.store, measured_with())
    print(f"{store.measured_with}\n", flush=True)
    tf.get_logger().setLevel("ERROR")  # each case traces functions anew, and is meant to
    if not asked.show:
        seconds = 0.1 if asked.quick else asked.seconds
        measure(parts, list(jobs(parts, places, asked.quick, asked.case)), store, seconds)
    show(parts, places, store, asked.quick, asked.plot)


if __name__ == "__main__":
    main()
