"""What a tuning measures."""

from tfdynconv.tuning import measure
from tfdynconv.tuning.shapes import Shape


def test_times_are_those_of_a_sample(monkeypatch):
    monkeypatch.setattr(measure, "jobs", lambda shape, place, names: {("loop", "conv"): None})
    monkeypatch.setattr(measure, "interleaved", lambda jobs, seconds: {name: [3.2, 6.4, 64.0] for name in jobs})
    row, *_ = measure.rows([Shape(5, 4, 4, 3)], 1.0)
    assert row.seconds == {("loop", "conv"): 6.4 / measure.BATCH}
