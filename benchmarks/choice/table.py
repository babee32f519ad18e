"""The record as Markdown: a row for each layer or block, a ratio to the plain layer in each column."""

from benchmarks.choice.entries import ENTRIES
from benchmarks.choice.here import COUNTED, TIMED
from benchmarks.choice.phone import KINDS
from benchmarks.choice.tpu import AT_LEAST
from benchmarks.choice.tpu import KINDS as COMPILED

HEADER = {
    **{kind: kind for kind in COUNTED},
    **dict(zip(TIMED, ("forward", "training step"))),
    **dict(zip(KINDS, ("phone", "phone when folded"))),
    **{kind: kind for kind in COMPILED},
}
HEAD = """# Every layer and block beside a plain convolution

`python -m benchmarks.choice`. A figure is the layer's over that of the plain layer named beside it, both of one shape: 28x28,
64 channels, 64 filters of 3x3, "same"; a batch of 32, on a phone a single image. Rows of positions have 784 of them, volumes
9x9x9. Settings are the defaults, or those named.

- `forward` and `training step` (gradients of the input and of all weights): measured, in a graph, two CPU cores with AVX2.
- `phone`: measured, the `.tflite` file in LiteRT, float32, one thread, XNNPACK, which uses AVX-512 here. `phone when folded`:
  after `surgery.fuse`, for what folds.
- `TPU forward` and `TPU training`: not measured, there was no TPU. They are its compiler's estimates for a core of a v5e in
  bfloat16. """
BOUND = "`≥` is where it counts the body of a loop once, or an op not at all."
TAIL = """
Parameters and multiply-adds are those of `layer.cost`, trainable weights and convolutions. A row in italics stands beside a
convolution and not in its place: the figure is what it adds.
"""


def number(figure):
    """A figure as a float, a bound too; None where there is a reason in its place, or nothing."""
    if isinstance(figure, str):
        return float(figure.removeprefix(AT_LEAST)) if figure.startswith(AT_LEAST) else None
    return figure


def shown(figure):
    if figure is None:
        return ""
    return figure if isinstance(figure, str) else f"{figure:.2f}"


def row(entry, figures):
    name = f"`{entry.layer.__name__}`" + entry.name.removeprefix(entry.layer.__name__)
    name = f"*{name}*" if entry.beside else name
    return [name, entry.over, *(shown(figures.get(column)) for column in HEADER)]


def table(record, entries=ENTRIES):
    header = ["", "over", *HEADER.values()]
    rows = [row(entry, record.figures.get(entry.name, {})) for entry in entries]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, ["---"] * len(header), *rows])


def page(record):
    bounds = any(shown(f).startswith(AT_LEAST) for figures in record.figures.values() for f in figures.values())
    head = HEAD + BOUND if bounds else HEAD.rstrip(" ")
    return f"{head}\n{TAIL}\n![The same as bars](CHOICE.png)\n\n{table(record)}\n"
