"""Figures kept in a file, so that one command after another can add to them: part, place, case, row, kind."""

import json
import pathlib


class Store:
    """`measured_with` says on what; figures of another machine's setting are refused.

    Without a path it holds figures for as long as the command runs.
    """

    def __init__(self, path, measured_with):
        self.path, self.measured_with, self.figures = path and pathlib.Path(path), measured_with, {}
        if self.path and self.path.exists():
            held = json.loads(self.path.read_text(encoding="utf-8"))
            if held["measured with"] != measured_with:
                raise ValueError(
                    f"benchmarks.grid: the figures in {path} were measured with {held['measured with']}, those of now with "
                    f"{measured_with}. Give another file."
                )
            self.figures = held["figures"]

    def add(self, part, place, case, ratios):
        self.figures.setdefault(part, {}).setdefault(place, {})[case] = ratios
        if self.path:
            held = {"measured with": self.measured_with, "figures": self.figures}
            self.path.write_text(json.dumps(held, indent=1, sort_keys=True) + "\n", encoding="utf-8")

    def of(self, part, place, cases):
        """`{case: {row: {kind: ratio}}}`, in the order of the cases."""
        found = self.figures.get(part, {}).get(place, {})
        return {str(case): found[str(case)] for case in cases if str(case) in found}
