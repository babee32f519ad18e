"""The record as bars: for each layer or block the training step, the phone and the TPU, over the plain layer."""

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.choice.entries import ENTRIES
from benchmarks.choice.phone import KINDS
from benchmarks.choice.table import number

PANELS = {"training step, measured": "training", "phone, measured": "phone", "TPU training, estimated": "TPU training"}
CHEAPER, DEARER = "#0072b2", "#d55e00"  # told apart by the colour-blind too
LIMITS = (0.08, 40)
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


def label(entry):
    name = f"+ {entry.name}" if entry.beside else entry.name
    return name if entry.over.startswith("Conv2D,") or entry.over == "Conv2D" else f"{name} ({entry.over})"


def value(column, figures):
    """For a phone one takes a block that folds as it is, or folded, whichever is faster."""
    columns = KINDS if column == "phone" else (column,)
    return min((found for each in columns if (found := number(figures.get(each))) is not None), default=None)


def figure(record, entries=ENTRIES):
    found = Figure(figsize=(11, 1.2 + 0.21 * len(entries)), layout="constrained")
    FigureCanvasAgg(found)
    for axes, (title, column) in zip(found.subplots(1, len(PANELS), sharey=True), PANELS.items()):
        for i, entry in enumerate(entries):
            height = value(column, record.figures.get(entry.name, {}))
            if height is not None:
                shown = min(max(height, LIMITS[0]), LIMITS[1])
                axes.barh(i, shown - 1, left=1, height=0.7, color=DEARER if height > 1 else CHEAPER)
                axes.annotate(
                    f"{height:.2f}" if height < 10 else f"{height:.0f}",
                    (max(shown, 1), i),
                    xytext=(2, 0),
                    textcoords="offset points",
                    fontsize=6,
                    va="center",
                )
        axes.axvline(1, color="black", linewidth=0.8)
        axes.set(title=title, xscale="log", xlim=LIMITS, ylim=(len(entries) - 0.5, -0.5))
        axes.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
        axes.minorticks_off()
        axes.tick_params(labelsize=7)
        axes.set_yticks(range(len(entries)), [label(entry) for entry in entries])
        axes.grid(axis="x", color="0.9")
        axes.set_axisbelow(True)
    found.suptitle("Cost over the plain convolution of the same shape; + stands beside one")
    return found


def plot(record, path):
    figure(record).savefig(path, dpi=90, metadata={"Software": None})
