"""What is known, kept in a file after each figure: a run that was stopped goes on, and each part can be run by itself."""

import json


class Record:
    """`figures[entry][column]` is a ratio, or a string: the reason why there is none."""

    def __init__(self, path):
        self.path = path
        self.figures = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def missing(self, entries, columns):
        """Those of the entries that lack one of the columns; `columns(entry)` gives the names."""
        return [entry for entry in entries if set(columns(entry)) - set(self.figures.get(entry.name, {}))]

    def keep(self, names):
        """Forget entries that are no more."""
        self.figures = {name: self.figures[name] for name in names if name in self.figures}

    def add(self, name, figures):
        rounded = {key: value if isinstance(value, str) else float(f"{value:.4g}") for key, value in figures.items()}
        self.figures.setdefault(name, {}).update(rounded)
        part = self.path.with_suffix(".part")  # a process that is ended while it writes leaves the old file
        part.write_text(json.dumps(self.figures, indent=1) + "\n", encoding="utf-8")
        part.replace(self.path)
