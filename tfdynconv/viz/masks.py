"""The binary masks of versatile filters."""

from tfdynconv.layers import VersatileConv2D
from tfdynconv.layers.mask_overlap import overlaps
from tfdynconv.layers.walk import names
from tfdynconv.viz.panels import head, panels, ticks, write_values

CALLER = "plot_masks"


def plot_masks(layer):
    """For each mask of a `VersatileConv2D` how often it keeps each tap, and by channel, and how much two masks overlap.

    To see whether learned masks tell filters apart (`tfdynconv.training.MaskOrthogonality` drives them to), and what windows
    a static layer has.

    Args:
        layer: a built `VersatileConv2D`, or a model with some: a row for each.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: no such layer, or one that is not built.
        ImportError: matplotlib is missing.

    >>> import tfdynconv
    >>> layer = tfdynconv.VersatileConv2D(6, 5)
    >>> layer.build((None, 8, 8, 3))
    >>> [axis.get_title() for axis in tfdynconv.viz.plot_masks(layer).axes][:3]
    ['mask 0: 100 % kept', 'mask 1: 36 % kept', 'mask 2: 4 % kept']
    """
    named = names(layer, VersatileConv2D)
    if not named:
        raise ValueError(
            f"{CALLER}: expected a VersatileConv2D, or a model with one. Received: {type(layer).__name__} {layer.name!r} "
            "without any."
        )
    unbuilt = [name for each, name in named.items() if not each.built]
    if unbuilt:
        raise ValueError(
            f"{CALLER}: VersatileConv2D {', '.join(map(repr, unbuilt))} has no weights yet. Build it, or call it on an input."
        )
    rows = [(name, each.binary_masks()) for each, name in named.items()]
    most = max(len(masks) for _, masks in rows)
    figure, axes = panels(CALLER, len(rows), most + 2, (2.1, 2.3), ", ".join(name for name, _ in rows))
    for row, (name, masks) in zip(axes, rows):
        for axis in row[len(masks) : most]:
            axis.remove()
        for number, (axis, mask) in enumerate(zip(row, masks)):
            taps = mask.mean((2, 3))
            picture = axis.imshow(taps, cmap="YlGnBu", vmin=0, vmax=1)
            write_values(axis, taps, picture)
            head(axis, f"mask {number}: {100 * mask.mean():.0f} % kept")
            axis.set_xticks(range(taps.shape[1]), range(taps.shape[1]), fontsize="x-small")
            axis.set_yticks(range(taps.shape[0]), range(taps.shape[0]), fontsize="x-small")
            axis.set_xlabel("tap", fontsize="x-small")
        row[0].set_ylabel(name, fontsize="small")
        channels(row[-2], masks)
        overlap(row[-1], masks)
    return figure


def channels(axis, masks):
    """How much of each input channel each mask keeps."""
    kept = masks.mean((1, 2, 4))
    picture = axis.imshow(kept, cmap="YlGnBu", vmin=0, vmax=1, aspect="auto")
    write_values(axis, kept, picture, "{:.1f}")
    head(axis, "kept, by channel")
    ticks(axis, range(kept.shape[1]), "x")
    ticks(axis, range(kept.shape[0]), "y")
    axis.set_xlabel("input channel", fontsize="x-small")
    axis.set_ylabel("mask", fontsize="x-small")


def overlap(axis, masks):
    """Entries that two masks keep over those that one keeps."""
    table = overlaps(masks)
    picture = axis.imshow(table, cmap="YlGnBu", vmin=0, vmax=1)
    write_values(axis, table, picture)
    head(axis, "overlap")
    ticks(axis, range(len(masks)), "x")
    ticks(axis, range(len(masks)), "y")
    axis.set_xlabel("mask", fontsize="x-small")
    axis.set_ylabel("mask", fontsize="x-small")
