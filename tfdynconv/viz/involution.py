"""The kernels that an involution makes."""

import numpy as np

from tfdynconv.blocks import Involution2D
from tfdynconv.viz.panels import bare, color, head, panels
from tfdynconv.viz.seen import backdrop, check_positions, one_image, seen

CALLER = "plot_involution"


def plot_involution(layer, image, positions=None, group=0):
    """The image, the sum of the kernel at each position, and the kernels at a few positions.

    To see what an `Involution2D` looks for: the map of sums is the picture that its authors show.

    Args:
        layer: an `Involution2D`, or a model with some: a row for each.
        image: one image as the layer or model takes it, `[height, width, channels]`.
        positions: (row, column) pairs of output positions; None for four.
        group: whose kernels, of the groups of channels that share one.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: no such layer; not one image; positions outside of the output; a group that does not exist.
        ImportError: matplotlib is missing.

    >>> import numpy as np, tfdynconv
    >>> layer = tfdynconv.blocks.Involution2D(3, group_channels=4)
    >>> image = np.random.default_rng(0).normal(size=[8, 8, 4]).astype("float32")
    >>> [axis.get_title() for axis in tfdynconv.viz.plot_involution(layer, image, [(2, 2), (5, 5)]).axes[2:4]]
    ['A at (2, 2)', 'B at (5, 5)']
    """
    found = seen(CALLER, layer, image, Involution2D)
    picture = backdrop(one_image(CALLER, image), found[0][1].data_format)
    chosen = {name: check_positions(CALLER, positions, values["kernels"].shape[:2]) for name, _, values in found}
    count = len(next(iter(chosen.values())))
    figure, axes = panels(CALLER, len(found), 2 + count, (1.75, 2.0))
    for row, (name, each, values) in zip(axes, found):
        kernels = of_group(each, values["kernels"], group)
        marks = [(chr(ord("A") + i), color(i, count), place) for i, place in enumerate(chosen[name])]
        row[0].imshow(picture)
        head(row[0], "image")
        scale = np.array(picture.shape[:2]) / kernels.shape[:2]
        for letter, shade, place in marks:
            down, right = (np.array(place) + 0.5) * scale - 0.5
            row[0].text(
                right, down, letter, color="white", fontsize=7, fontweight="bold", ha="center", va="center",
                bbox={"boxstyle": "circle,pad=0.18", "facecolor": shade, "edgecolor": "white", "linewidth": 0.6},
            )  # fmt: skip
        sums = kernels.sum((2, 3))
        signed(figure, row[1], sums)
        head(row[1], f"{name}: kernel sums")
        largest = max(np.abs(kernels[place]).max() for place in chosen[name])
        for axis, (letter, shade, place) in zip(row[2:], marks):
            last = axis is row[-1]
            signed(figure if last else None, axis, kernels[place], largest)
            head(axis, f"{letter} at ({place[0]}, {place[1]})")
            axis.title.set_color(shade)
        for axis in row:
            bare(axis)
    return figure


def of_group(layer, kernels, group):
    """`[height, width, *kernel size]`."""
    height, width, _ = kernels.shape
    groups = layer.groups
    if not isinstance(group, int) or not 0 <= group < groups:
        raise ValueError(
            f"{CALLER}: `group` must be one of the {groups} groups of channels, counted from 0. Received: group={group!r}."
        )
    return kernels.reshape(height, width, groups, *layer.kernel_size)[:, :, group]


def signed(figure, axis, values, largest=None):
    """Blue below zero, red above, white at it; with a bar where there is a figure to put it into."""
    largest = largest or np.abs(values).max() or 1.0
    picture = axis.imshow(values, cmap="RdBu_r", vmin=-largest, vmax=largest)
    if figure is not None:
        figure.colorbar(picture, ax=axis, location="bottom", shrink=0.8).ax.tick_params(labelsize=6)
