"""The tables of a part: its figures, and its bars with what was reached."""

from benchmarks.grid.part import STATIC
from benchmarks.layers import geometric_mean


def cell(ratios, kinds):
    """`1.00 / 2.00`, a dash for a kind that a row lacks, and nothing for a row that was not measured."""
    if not ratios:
        return ""
    return " / ".join(f"{ratios[kind]:.2f}" if kind in ratios else "–" for kind in kinds)


def means(columns, kinds):
    """The geometric mean of each kind over the cases that have it."""
    by_kind = {kind: [ratios[kind] for ratios in columns if kind in ratios] for kind in kinds}
    return {kind: geometric_mean(values) for kind, values in by_kind.items() if values}


def markdown(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def table(part, results):
    """Rows by cases; each cell has the part's kinds."""
    names = [name for name in part.rows if any(name in ratios for ratios in results.values())]
    rows = []
    for name in names:
        columns = [ratios.get(name, {}) for ratios in results.values()]
        rows.append([name, *(cell(ratios, part.kinds) for ratios in [*columns, means(columns, part.kinds)])])
    if any(STATIC in ratios for ratios in results.values()):
        rows.append([STATIC, *(cell(ratios.get(STATIC, {}), part.kinds) for ratios in results.values()), ""])
    return markdown(["", *results, "geometric mean"], rows)


def held(figure, bar):
    """The figure's cell and that of its bar."""
    if bar is None:
        return f"{figure:.2f}", ""
    return f"{figure:.2f}", f"{bar:g}" if figure <= bar else f"{bar:g}, missed"


def verdicts(bars, results):
    """What the bars say: geometric mean and worst single figure."""
    rows = []
    for bar in bars:
        figures = bar.figures(results)
        if figures:
            worst = max(figures, key=figures.get)
            mean = held(geometric_mean(figures.values()), bar.mean)
            rows.append([bar.label, bar.kind, *mean, *held(figures[worst], bar.worst), f"{worst[1]} at {worst[0]}"])
    return markdown(["", "", "geometric mean", "bar", "worst", "bar", "which"], rows) if rows else ""


def text(part, place, results):
    """All that is printed of a part in one place."""
    name = {"graph": "graph", "xla": "XLA"}[place]
    title = f"{part.title[0].upper()}{part.title[1:]}, {name}: {' / '.join(part.kinds)}"
    return "\n\n".join(filter(None, [title, table(part, results), verdicts(part.bars[place], results)])) + "\n"
