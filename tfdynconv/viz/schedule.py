"""How training went with the routing: temperature, entropy, use of the kernels, epoch by epoch."""

import re

import numpy as np

from tfdynconv.viz.panels import color, head, panels

CALLER = "plot_schedule"
LINES = {
    "temperature": "temperature",
    "entropy": "routing entropy (1: all alike)",
    "variation": "variation over inputs",
    "overlap": "overlap of masks",
}
USES = {"use": "kernel", "region": "region"}


def plot_schedule(history):
    """Panels with the temperature, the entropy of the routing and its variation, a line a layer, and each layer's kernels.

    Args:
        history: what `model.fit` returned, or its dict; with `tfdynconv.training.RoutingMonitor` or `TemperatureSchedule`
            among the callbacks.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: a history without such columns.
        ImportError: matplotlib is missing.

    >>> import tfdynconv
    >>> figure = tfdynconv.viz.plot_schedule({"temperature": [30.0, 10.0, 1.0], "conv/entropy": [1.0, 0.9, 0.7]})
    >>> [axis.get_title() for axis in figure.axes]
    ['temperature', 'routing entropy (1: all alike)']
    """
    columns = getattr(history, "history", history)
    columns = columns if isinstance(columns, dict) else {}
    drawn = [(title, lines) for kind, title in LINES.items() if (lines := by_layer(columns, kind))]
    drawn += uses(columns)
    if not drawn:
        raise ValueError(
            f"{CALLER}: expected a history with temperatures or the columns of a RoutingMonitor. Received: "
            f"{', '.join(columns) or type(history).__name__}. Train with tfdynconv.training.RoutingMonitor(images) or "
            "TemperatureSchedule() among the callbacks."
        )
    across = min(3, len(drawn))
    figure, axes = panels(CALLER, -(-len(drawn) // across), across, (3.3, 2.4))
    for axis in axes.ravel()[len(drawn) :]:
        axis.remove()
    for axis, (title, lines) in zip(axes.ravel(), drawn):
        for number, (label, values) in enumerate(lines.items()):
            epochs = 1 + np.arange(len(values))
            axis.plot(
                epochs, values, color=color(number, len(lines)), label=label, linewidth=1.6, marker=".", markersize=4
            )
        head(axis, title)
        axis.set_xlabel("epoch", fontsize="x-small")
        axis.tick_params(labelsize="x-small")
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.set_ylim(min(0, axis.get_ylim()[0]), 1.06 * max(map(max, lines.values())) or 1)
        axis.grid(color="0.9")
        axis.set_axisbelow(True)
        axis.spines[["top", "right"]].set_visible(False)
        if 1 < len(lines) <= 12 or [*lines] != ["all"]:
            axis.legend(fontsize=6.5, frameon=False, ncols=1 if len(lines) < 5 else 2)
    return figure


def by_layer(columns, kind):
    """`{layer: values}`; the column of `TemperatureSchedule`, which belongs to all, only where no layer has its own."""
    found = {name[: -len(kind) - 1]: values for name, values in columns.items() if name.endswith(f"/{kind}")}
    return found or ({"all": columns[kind]} if kind in columns else {})


def uses(columns):
    """[(title, {kernel: values})] for each layer."""
    found = {}
    for name, values in columns.items():
        match = re.fullmatch(r"(.+)/(use|region)_(\d+)", name)
        if match:
            layer, kind, number = match.groups()
            found.setdefault((layer, kind), {})[f"{USES[kind]} {number}"] = values
    return [
        (f"{layer}: {'mean coefficients' if kind == 'use' else 'shares of pixels'}", lines)
        for (layer, kind), lines in found.items()
    ]
