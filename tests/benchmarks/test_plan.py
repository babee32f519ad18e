"""How the plan's choice is judged: by the best lowering's median, or where the middle halves of the times overlap."""

import pytest

from benchmarks import plan

FAST = [1.0, 1.0, 1.1, 1.1, 1.2]


@pytest.mark.parametrize(
    "choice, ratio, right",
    [([1.2] * 5, 1.2 / 1.1, True), ([1.4] * 5, 1.4 / 1.1, False), ([1.05, 1.05, 1.4, 1.4, 1.4], 1.4 / 1.1, True)],
)
def test_verdict(choice, ratio, right):
    found = {("auto", "forward"): choice, ("loop", "forward"): FAST, ("matmul", "forward"): [9.0] * 5}
    found |= {("loop", "training"): [0.1] * 5, ("auto", "training"): [0.1] * 5}
    assert plan.verdict(found, "forward") == ("loop", pytest.approx(ratio), right)


def test_spread():
    assert plan.spread([1.0, 2.0, 3.0, 4.0, 5.0]) == pytest.approx(1.0)
