"""Print how `CondConv2D` stands beside timm's `CondConv2d` and beside what one writes in TensorFlow, as Markdown.

python3.11 -m venv .venv-peers && .venv-peers/bin/pip install -e '.[peers]'    # once: PyTorch, timm
PYTHONPATH=. .venv-peers/bin/python -m benchmarks.peers                    # ten shapes, some six minutes on two cores
PYTHONPATH=. .venv-peers/bin/python -m benchmarks.peers --quick            # two shapes, roughly

With `--keep FILE` what was measured is kept there, and a shape that is there is not measured again.

Two processes live through the run, one with TensorFlow and one with PyTorch, each with as many threads, and only one of them
works at a time. In each round every candidate has its turn; a figure is the median of the rounds. A formulation that is
far behind after three rounds is not timed further. Eight experts, float32, a graph traced with an unknown batch for
TensorFlow. PyTorch runs eagerly, as timm's users run it, channels first and channels last; of either layer the faster counts.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import statistics
import sys
import tempfile

from benchmarks import peer_tables
from benchmarks.peer_shapes import KINDS, PEERS, QUICK
from benchmarks.peer_worker import Worker

OURS = ("tensorflow", "CondConv2D")
NEEDED = ("torch", "timm")
FAR, FAR_ROUNDS = 1.5, 3


def missing():
    """What to do about packages that are not installed; None if all are."""
    names = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if not names:
        return None
    return (
        f"benchmarks.peers: {' and '.join(names)} cannot be imported. Install the extra `peers` in an environment of its own: "
        "python3.11 -m venv .venv-peers && .venv-peers/bin/pip install -e '.[peers]', then "
        "PYTHONPATH=. .venv-peers/bin/python -m benchmarks.peers"
    )


def measure(workers, shape, seconds, rounds):
    """`{kind: {name: milliseconds, or the reason why there are none}}` for a shape."""
    with tempfile.TemporaryDirectory() as folder:
        request = {"open": PEERS.index(shape), "path": os.path.join(folder, "example.npz")}
        made = {framework: worker.ask(**request) for framework, worker in workers.items()}
    result = {}
    for kind in KINDS:
        entrants = {
            (framework, name): made[framework][kind][name] for framework in made for name in made[framework][kind]
        }
        result[kind] = timed(workers, kind, entrants, seconds, rounds)
    return result


def timed(workers, kind, entrants, seconds, rounds):
    """`entrants` tells for each why it cannot run, or None."""
    samples = {entrant: [] for entrant, reason in entrants.items() if reason is None}
    for done in range(rounds):
        for (framework, name), found in samples.items():
            if done < FAR_ROUNDS or not far(samples, (framework, name)):
                found.append(workers[framework].ask(kind=kind, run=name, seconds=seconds))
    medians = {entrant: 1000 * statistics.median(found) for entrant, found in samples.items()}
    return {label(*entrant): medians.get(entrant, reason) for entrant, reason in entrants.items()}


def far(samples, entrant):
    """Whether a formulation is so far behind that its figure decides nothing."""
    decides = entrant[0] == "torch" or entrant[1] in (OURS[1], "Conv2D")
    return not decides and statistics.median(samples[entrant]) > FAR * statistics.median(samples[OURS])


def label(framework, name):
    return f"torch {name}" if framework == "torch" else name


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two shapes, few rounds")
    parser.add_argument("--shape", action="append", choices=list(map(str, PEERS)), help="this one alone; repeatable")
    parser.add_argument("--keep", type=pathlib.Path, help="a JSON file of what is measured already, and will be")
    parser.add_argument("--threads", type=int, default=2, help="of each framework (default: 2)")
    asked = parser.parse_args()
    if missing():
        sys.exit(missing())
    wanted = [shape for shape in PEERS if str(shape) in asked.shape] if asked.shape else PEERS
    shapes, seconds, rounds = (QUICK, 0.05, 3) if asked.quick else (wanted, 0.1, 7)
    times = json.loads(asked.keep.read_text()) if asked.keep and asked.keep.exists() else {}
    names = {"tensorflow": "benchmarks.peer_tensorflow", "torch": "benchmarks.peer_torch"}
    workers = {framework: Worker(module, asked.threads) for framework, module in names.items()}
    for shape in shapes:
        if str(shape) not in times:
            print(f"... {shape}", file=sys.stderr, flush=True)
            times[str(shape)] = measure(workers, shape, seconds, rounds)
            if asked.keep:
                asked.keep.write_text(json.dumps(times, indent=1))
    for worker in workers.values():
        worker.close()
    print(peer_tables.report({str(shape): times[str(shape)] for shape in PEERS if str(shape) in times}))


if __name__ == "__main__":
    main()
