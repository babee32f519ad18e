"""From measured times to the paces of a machine, and how well they choose."""

import dataclasses
import itertools

import numpy as np

from tfdynconv.ops import machine, plan_cost

FLOOR = np.array([1e-15, 1e-15, 1e-9])  # of the three units: less is nothing, and a pace is positive


@dataclasses.dataclass(frozen=True)
class Row:
    """`seconds[lowering, function]` of a sample of a shape, which has a `case()`, in a place."""

    place: str
    shape: object
    seconds: dict


@dataclasses.dataclass(frozen=True)
class Choice:
    """What the paces choose for one function of a shape, and what was the best."""

    place: str
    shape: object
    function: str
    chosen: str
    best: str
    ratio: float


def fit(rows, about=None):
    """The `Machine` of measured rows."""
    paces: dict = {}
    for place, names in machine.LOWERINGS.items():
        for name in names:
            work, seconds = [], []
            for row in rows:
                for function in plan_cost.FUNCTIONS if row.place == place else ():
                    done = plan_cost.work(name, function, row.shape.case())
                    work.append([done.multiply_adds, plan_cost.BYTES * done.numbers, 1])
                    seconds.append(row.seconds[name, function])
            pace = least_squares(np.array(work, float), np.array(seconds))
            paces.setdefault(place, {})[name] = dict(zip(machine.UNITS, map(float, pace)))
    return machine.Machine(paces, about or {})


def least_squares(work, seconds):
    """The pace of the least relative errors, squared and summed, of those that are nowhere negative."""
    relative = work / seconds[:, None]
    best, least = FLOOR, np.inf
    for some in itertools.product([False, True], repeat=work.shape[1]):
        if any(some):
            pace = np.zeros(len(some))
            pace[list(some)] = np.linalg.lstsq(relative[:, some], np.ones(len(seconds)), rcond=None)[0]
            error = np.sum((relative @ pace - 1) ** 2)
            if (pace >= 0).all() and error < least:
                best, least = pace, error
    return np.maximum(best, FLOOR)


def choices(rows, on):
    """The `Choice` of a machine for each function of each row."""
    found = []
    for row in rows:
        chosen = plan_cost.least(row.place, row.shape.case(), on)
        for function, name in zip(plan_cost.FUNCTIONS, chosen):
            best = min(machine.LOWERINGS[row.place], key=lambda other: row.seconds[other, function])
            ratio = row.seconds[name, function] / row.seconds[best, function]
            found.append(Choice(row.place, row.shape, function, name, best, ratio))
    return found
