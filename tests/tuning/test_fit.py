"""From times to paces: those that made the times are found again, and choices are judged by the times."""

import numpy as np
import pytest

from tfdynconv.ops import machine, plan_cost
from tfdynconv.tuning import fit
from tfdynconv.tuning.shapes import SHAPES, Shape

TRUE = {"multiply_add": 1e-11, "byte": 5e-11, "sample": 1e-5}


def rows(noise=0.0, factors=None):
    """Times of a machine on which every lowering has the same pace, or a multiple of it."""
    random = np.random.default_rng(0)
    found = []
    for place, names in machine.LOWERINGS.items():
        for shape in SHAPES:
            seconds = {}
            for name in names:
                for function in plan_cost.FUNCTIONS:
                    exact = plan_cost.work(name, function, shape.case()).seconds(TRUE) * (factors or {}).get(name, 1)
                    seconds[name, function] = exact * (1 + noise * random.uniform(-1, 1))
            found.append(fit.Row(place, shape, seconds))
    return found


@pytest.mark.parametrize("noise, tolerance", [(0, 1e-6), (0.05, 0.15)])
def test_paces_are_found_again(noise, tolerance):
    found = fit.fit(rows(noise, {"matmul": 3}), {"cores": 2})
    for place, names in machine.LOWERINGS.items():
        for name in names:
            expected = {unit: value * (3 if name == "matmul" else 1) for unit, value in TRUE.items()}
            assert found.paces[place][name] == pytest.approx(expected, rel=tolerance)
    assert found.about == {"cores": 2}


def test_paces_are_positive_where_times_say_otherwise():
    """Times that fall with the bytes: the least squares of numbers that are nowhere negative, and above nothing."""
    work = np.array([[1e6, 1e6, 1], [1e6, 1e5, 1], [1e8, 1e4, 1]])
    pace = fit.least_squares(work, np.array([1e-5, 2e-5, 1e-3]))
    assert (pace >= fit.FLOOR).all() and pace[1] == fit.FLOOR[1]
    assert pace[0] * 1e8 == pytest.approx(1e-3, rel=0.2)
    relative = work / np.array([1e-5, 2e-5, 1e-3])[:, None]
    alone = [np.linalg.lstsq(relative[:, [unit]], np.ones(3), rcond=None) for unit in range(3)]
    assert np.sum((relative @ pace - 1) ** 2) <= min(float(residual[0]) for _, residual, *_ in alone)


def test_choices_are_judged_by_the_times():
    shape = Shape(28, 64, 64, 3)
    seconds = {(n, f): 2.0 if n == "loop" else 1.0 for n in machine.LOWERINGS["cpu"] for f in plan_cost.FUNCTIONS}
    slow = {unit: 9 * pace for unit, pace in TRUE.items()}
    on = machine.Machine({"cpu": {"loop": TRUE, "matmul": TRUE, "unrolled": slow}})
    found = fit.choices([fit.Row("cpu", shape, seconds)], on)
    assert [(c.function, c.chosen, c.best, c.ratio) for c in found] == [
        (function, "loop", "matmul", 2.0) for function in plan_cost.FUNCTIONS
    ]


def test_shapes_tell_the_plan_their_sizes():
    case = Shape(7, 6, 5, 3, strides=2).case()
    assert (case.cells_in, case.cells_out, case.channels, case.filters, case.stride) == (49, 16, 6, 5, 2)
    assert str(Shape(7, 6, 5, 3, strides=2)) == "7,6,5,3 stride 2"
