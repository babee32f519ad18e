"""What a part of the grid consists of: rows, cases, how one case is measured, and the bars."""

import dataclasses
import typing

STATIC = "the static one, ms"  # a row of times in place of ratios: what all the others are divided by


@dataclasses.dataclass(frozen=True)
class Bar:
    """What some rows must reach in one kind of step: at most `mean` in the geometric mean, and `worst` in every single case.

    Cases with `without` in their name are left out; a figure that is None is printed and held to nothing.
    """

    label: str
    rows: tuple
    kind: str
    mean: typing.Optional[float] = None
    worst: typing.Optional[float] = None
    without: typing.Optional[str] = None

    def figures(self, results):
        """`{(case, row): ratio}` of what this bar is about."""
        return {
            (case, row): ratios[row][self.kind]
            for case, ratios in results.items()
            for row in self.rows
            if self.kind in ratios.get(row, {}) and not (self.without and self.without in case)
        }


@dataclasses.dataclass(frozen=True)
class Part:
    """A table: rows are what is compared, columns are cases, a cell holds a ratio for each kind.

    measure: `(case, rows, jit_compile, seconds) -> {row: {kind: ratio}}`; a row may lack a kind, or be missing. `over_static`
        makes that of times.
    rows: `{name: what measure makes the row of}`.
    bars: `{place: bars}`; the places are those that are measured.
    quick_cases, quick_rows, quick_places: what is left of it in the two minutes' version.
    drawn: the kinds that the plot shows.
    """

    title: str
    cases: tuple
    rows: dict
    kinds: tuple
    measure: typing.Callable
    bars: dict
    quick_cases: tuple
    quick_rows: tuple
    drawn: tuple
    quick_places: tuple = ("graph",)  # XLA compiles for longer than it runs here

    def chosen(self, quick=False, case=None):
        """The cases and rows to measure; `case` is the number of a single one."""
        cases = self.quick_cases if quick else self.cases
        rows = {name: self.rows[name] for name in self.quick_rows} if quick else self.rows
        return (cases if case is None else cases[case : case + 1]), rows


def over_static(times, names):
    """`{("static", kind): seconds, (row, kind): seconds}` as ratios, with the static one's milliseconds as one more row."""
    static = {kind: seconds for (name, kind), seconds in times.items() if name == "static"}
    ratios = {name: {kind: t / static[kind] for (row, kind), t in times.items() if row == name} for name in names}
    return {**ratios, STATIC: {kind: 1000 * seconds for kind, seconds in static.items()}}
