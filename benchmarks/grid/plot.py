"""The figures of the grid as a picture: a row of axes for each part, a line for each of its rows, bars dashed."""

LIMITS = (0.3, 8)
TICKS = {0.5: "0.5", 1: "1", 1.5: "1.5", 2: "2", 3: "3", 5: "5"}


def draw(axes, part, kind, bars, results):
    for number, name in enumerate(part.rows):
        points = [(i, r[name][kind]) for i, r in enumerate(results.values()) if kind in r.get(name, {})]
        if points:
            axes.plot(*zip(*points), "o-", color=f"C{number}", label=name, markersize=4, linewidth=1)
    for bar in bars:
        limit = bar.mean or bar.worst
        if bar.kind == kind and limit:
            axes.axhline(limit, color=f"C{list(part.rows).index(bar.rows[0])}", linestyle="--", linewidth=0.8)
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set(title=f"{part.title.split(';')[0]}\n{kind}", yscale="log", ylim=LIMITS, xlim=(-0.5, len(results) - 0.5))
    axes.title.set_fontsize(9)
    axes.set_yticks(list(TICKS), list(TICKS.values()))
    axes.set_yticks([], minor=True)
    axes.set_xticks(range(len(results)), results, rotation=20, ha="right", fontsize=7)
    axes.grid(axis="y", alpha=0.3)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=7)


def plot(drawn, path):
    """`drawn`: (part, bars, results) of each part, in one place."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.6 * len(drawn)), layout="constrained")
    for row, (part, bars, results) in zip(figure.subplots(len(drawn), 2, squeeze=False), drawn):
        for axes, kind in zip(row, part.drawn):
            draw(axes, part, kind, bars, results)
    figure.savefig(path, dpi=110)
