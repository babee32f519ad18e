"""Which kernels which class uses."""

import numpy as np
import tensorflow as tf

from tfdynconv.layers.routing_seen import ROUTED, routed
from tfdynconv.layers.walk import names
from tfdynconv.viz.panels import head, panels, ticks, write_values

CALLER = "plot_routing"
CHUNK = 64  # samples at a time
LEAST = 0.1  # what the colours span at least: smaller differences shall look small
ORDER = ("kernel", "region", "spatial", "channel", "filter")
WORDS = {"spatial": "tap"}


def plot_routing(model, inputs, labels, classes=None):
    """A panel for each dynamic layer: kernels by classes, coloured by the mean coefficient.

    To see whether a trained model sends different classes to different kernels. `DRConv2D` has regions in place of
    kernels, with their share of the pixels; `ODConv2D` with one kernel has its taps, or if there is one its channels.

    Args:
        model: a model, or a dynamic layer.
        inputs: an array of inputs, or several in a list or dict, as the model takes them.
        labels: `[batch]`, the class of each.
        classes: names of the classes, in the order of the sorted labels; None for the labels themselves.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: a model without a dynamic layer; labels that are not one number for each input.
        ImportError: matplotlib is missing.

    >>> import numpy as np, tfdynconv
    >>> layer = tfdynconv.CondConv2D(4, 3, num_experts=3)
    >>> images, labels = np.random.default_rng(0).normal(size=[8, 6, 6, 1]).astype("float32"), np.arange(8) % 2
    >>> figure = tfdynconv.viz.plot_routing(layer, images, labels)
    >>> figure.axes[0].images[0].get_array().shape
    (3, 2)
    """
    named = names(model, ROUTED)
    if not named:
        raise ValueError(
            f"{CALLER}: expected a dynamic layer, or a model with one. Received: {type(model).__name__} {model.name!r} "
            "without any."
        )
    labels = np.asarray(labels)
    count = len(tf.nest.flatten(inputs)[0])
    if labels.shape != (count,):
        raise ValueError(
            f"{CALLER}: `labels` must be the class of each input, shape ({count},). Received: shape {labels.shape}. Of one-hot "
            "labels pass labels.argmax(-1)."
        )
    found = np.unique(labels)
    if classes is not None and len(classes) != len(found):
        raise ValueError(
            f"{CALLER}: `classes` must name the {len(found)} classes among the labels. Received: {len(classes)} names."
        )
    tables = [(layer, *means(kinds, labels, found)) for layer, kinds in gathered(model, inputs, count).items()]
    if not tables:
        raise ValueError(
            f"{CALLER}: no dynamic layer of {model.name!r} runs where it can be seen: the model calls them in a tf.function of "
            "its own. Pass a layer itself, with its inputs."
        )
    columns = min(3, len(tables))
    rows = -(-len(tables) // columns)
    tallest = max(len(table) for _, _, table in tables)
    size = (max(2.6, min(6.0, 0.42 * len(found) + 1.2)), max(2.0, min(6.0, 0.32 * tallest + 1.1)))
    figure, axes = panels(CALLER, rows, columns, size, "Which class uses what, by layer")
    for axis in axes.ravel()[len(tables) :]:
        axis.remove()
    for axis, (layer, kind, table) in zip(axes.ravel(), tables):
        middle, half = (table.max() + table.min()) / 2, max(table.max() - table.min(), LEAST) / 2
        picture = axis.imshow(table, aspect="auto", cmap="YlGnBu", vmin=middle - half, vmax=middle + half)
        write_values(axis, table, picture)
        head(axis, f"{named[layer]} ({type(layer).__name__})")
        ticks(axis, found if classes is None else classes, "x")
        ticks(axis, range(len(table)), "y")
        axis.set_xlabel("class", fontsize="small")
        axis.set_ylabel(WORDS.get(kind, kind), fontsize="small")
        bar = figure.colorbar(picture, ax=axis)
        bar.set_label("share of pixels" if kind == "region" else "mean coefficient", fontsize="x-small")
        bar.ax.tick_params(labelsize="x-small")
    return figure


def gathered(model, inputs, count):
    """`{layer: {kind: [(samples, values)]}}`, in the order of the calls."""
    found = {}
    for start in range(0, count, CHUNK):
        chunk = tf.nest.map_structure(lambda array: tf.convert_to_tensor(array[start : start + CHUNK]), inputs)  # noqa: B023
        size = len(tf.nest.flatten(chunk)[0])
        for layer, choices in routed(model, chunk):
            for kind, values in choices.items():
                values = values.numpy()
                # a layer that sees several parts of each sample, as under TimeDistributed, has more rows than samples
                samples = start + np.arange(len(values)) * size // len(values)
                found.setdefault(layer, {}).setdefault(kind, []).append((samples, values))
    return found


def means(kinds, labels, classes):
    """The kind to show of a layer, and its mean choices `[choices, classes]`."""
    kind = next(name for name in ORDER if name in kinds)
    samples, values = (np.concatenate(part) for part in zip(*kinds[kind]))
    values = values if values.ndim == 2 else values.mean(-1)
    return kind, np.stack([values[labels[samples] == each].mean(0) for each in classes], 1)
