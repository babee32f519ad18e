"""The record as a picture: for each variant the paired differences, one point a seed, and the interval of their mean."""

import statistics

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.accuracy.match import MEASURES
from benchmarks.accuracy.table import interval

COLORS = ("#0072b2", "#d55e00")  # told apart by the colour-blind too


def figure(record):
    names = list(record.networks)
    found = Figure(figsize=(10, 6), layout="constrained")
    FigureCanvasAgg(found)
    axes = found.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for name, panel in zip(names, axes):
        draw(record, name, panel)
    handles, labels = axes[0].get_legend_handles_labels()
    found.legend(handles, labels, loc="outside lower center", ncols=2)
    found.suptitle("Accuracy over that of a plain network, points; a dot a seed, a bar the 95 % interval of their mean")
    return found


def draw(record, name, panel):
    variants = list(record.pairs[name])
    panel.axvline(0, color="0.6", linewidth=1)
    for i, (measure, color) in enumerate(zip(MEASURES, COLORS)):
        style = {"color": color, "linestyle": "none"}
        for row, variant in enumerate(variants):
            values, height = record.differences(name, variant, measure), row + 0.3 * i - 0.15
            panel.plot(values, [height] * len(values), marker=".", markersize=3, alpha=0.5, **style)
            if len(values) > 1:
                panel.errorbar(
                    statistics.mean(values), height, xerr=interval(values), marker="o", markersize=4, **style
                )
        panel.plot([], [], marker="o", label=f"as many {measure}", **style)
    panel.set_yticks(range(len(variants)), variants)
    panel.set_ylim(len(variants) - 0.5, -0.5)
    panel.set_title(name)
    panel.grid(axis="x", color="0.9")
    panel.set_axisbelow(True)


def plot(record, path):
    figure(record).savefig(path, dpi=80, metadata={"Software": None})
