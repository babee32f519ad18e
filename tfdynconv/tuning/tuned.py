"""Tune: measure, fit, and say how well the fit chooses and what it would change."""

import dataclasses
import json
import os
import platform
import tempfile

import tensorflow as tf

from tfdynconv.ops import machine, plan_cost
from tfdynconv.tuning import fit, measure
from tfdynconv.tuning.shapes import SHAPES
from tfdynconv.version import __version__

PLACES = {"cpu": "graph", "cpu_xla": "XLA"}
CLOSE = 1.15  # a choice that takes this much of the best's time is as good


@dataclasses.dataclass(frozen=True)
class Tuned:
    """A machine, how it chooses for the shapes that it was measured on, and how the one before chose."""

    machine: machine.Machine
    choices: list
    before: list

    @property
    def close(self):
        return sum(choice.ratio <= CLOSE for choice in self.choices)

    @property
    def changes(self):
        """Pairs of a choice of before and one of now, where they differ."""
        return [(old, new) for old, new in zip(self.before, self.choices) if old.chosen != new.chosen]

    def write(self, path):
        """All or nothing: a reader never sees half of it."""
        handle, beside = tempfile.mkstemp(dir=os.path.dirname(path) or ".", suffix=".json")
        try:
            with open(handle, "w", encoding="utf-8") as file:
                json.dump(self.machine.as_json(), file, indent=2)
                file.write("\n")
            os.chmod(beside, 0o644)
            os.replace(beside, path)
        except OSError:
            os.unlink(beside)
            raise

    def as_json(self):
        told = [{**dataclasses.asdict(c), "shape": str(c.shape)} for c in self.choices]
        changed = [
            {"place": b.place, "shape": str(b.shape), "function": b.function, "from": b.chosen, "to": c.chosen}
            for b, c in self.changes
        ]
        return {"choices": told, "changes": changed}

    def __str__(self):
        worst = max(self.choices, key=lambda choice: choice.ratio)
        lines = [
            "time of the choice over the best's, for "
            + ", ".join(plan_cost.FUNCTIONS)
            + "; size,channels,filters,kernel:",
            *table(self.choices),
            f"within {CLOSE - 1:.0%} of the best in {self.close} of {len(self.choices)}, worst {worst.ratio:.2f} "
            f"({PLACES[worst.place]}, {worst.shape}, {worst.function})",
            f"other choices than before: {len(self.changes)} of {len(self.choices)}",
        ]
        for old, new in self.changes:
            times = f"{old.ratio:.2f} to {new.ratio:.2f} of the best's time"
            lines.append(f"  {PLACES[new.place]}, {new.shape}, {new.function}: {old.chosen} to {new.chosen}, {times}")
        return "\n".join(lines)


def table(choices):
    """A line for each place and shape."""
    lines: dict = {}
    for choice in choices:
        lines.setdefault((PLACES[choice.place], str(choice.shape)), []).append(f"{choice.chosen} {choice.ratio:.2f}")
    width = max(len(shape) for _, shape in lines)
    return [f"  {place:5} {shape:{width}}  {', '.join(cells)}" for (place, shape), cells in lines.items()]


def tune(seconds, tell=lambda what: None, shapes=SHAPES):
    """Measure this machine's CPU for so many seconds, and fit: a `Tuned`."""
    before = machine.current()  # a file that cannot be read is told before anything is measured
    rows = measure.rows(shapes, seconds, tell)
    tuned = fit.fit(rows, facts())
    return Tuned(tuned, fit.choices(rows, tuned), fit.choices(rows, before))


def facts():
    """What the figures hold for."""
    return {
        "tfdynconv": __version__,
        "tensorflow": tf.__version__,
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "instructions": os.environ.get("ONEDNN_MAX_CPU_ISA", "all"),
        "batch": measure.BATCH,
    }
