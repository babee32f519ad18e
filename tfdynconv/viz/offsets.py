"""Where a deformable convolution reads."""

import numpy as np
import tensorflow as tf

from tfdynconv.blocks import DeformableConv2D
from tfdynconv.ops.deform_conv import Window
from tfdynconv.viz.panels import bare, color, head, panels
from tfdynconv.viz.seen import backdrop, check_positions, one_image, seen

CALLER = "plot_offsets"


def plot_offsets(layer, image, positions=None, group=0):
    """For a few output pixels the points that the taps read, over the image, with the grid they would read without offsets.

    To see whether a trained `DeformableConv2D` reaches for objects: with offsets of zero, as at first, points lie on the grid.
    Modulated taps are drawn the larger the more they count.

    Args:
        layer: a `DeformableConv2D`, or a model with some: a panel for each.
        image: one image as the layer or model takes it, `[height, width, channels]`. Inside a model the points of a layer on
            smaller maps are drawn where they lie on the image.
        positions: (row, column) pairs of output pixels; None for four.
        group: which deformable group.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: no such layer; not one image; positions outside of the output; a group that does not exist.
        ImportError: matplotlib is missing.

    >>> import numpy as np, tfdynconv
    >>> layer = tfdynconv.blocks.DeformableConv2D(4, 3, padding="same")
    >>> image = np.random.default_rng(0).normal(size=[8, 8, 1]).astype("float32")
    >>> figure = tfdynconv.viz.plot_offsets(layer, image, positions=[(4, 4)])
    >>> figure.axes[0].collections[1].get_offsets()[0].tolist()
    [3.0, 3.0]
    """
    found = seen(CALLER, layer, image, DeformableConv2D)
    picture = backdrop(one_image(CALLER, image), found[0][1].data_format)
    figure, axes = panels(CALLER, 1, len(found), (3.6, 3.9))
    for axis, (name, each, values) in zip(axes[0], found):
        reads, grid, weights, centres, size = sampling(each, values, group)
        scale = np.array(picture.shape[:2]) / values["inputs"].shape[:2]
        on_image = lambda points, scale=scale: (points + 0.5) * scale - 0.5  # noqa: E731
        axis.imshow(picture, interpolation="nearest", alpha=0.75)
        chosen = check_positions(CALLER, positions, size)
        for number, (row, column) in enumerate(chosen):
            cell, shade = row * size[1] + column, color(number, len(chosen))
            here, there, middle = on_image(grid[cell]), on_image(reads[cell]), on_image(centres[cell])
            for a, b in zip(here, there):
                axis.plot([a[1], b[1]], [a[0], b[0]], color=shade, linewidth=0.8, zorder=2)
            axis.scatter(here[:, 1], here[:, 0], s=14, facecolors="none", edgecolors=shade, linewidths=0.9, zorder=3)
            axis.plot(middle[1], middle[0], "x", color=shade, markersize=8, markeredgewidth=2, zorder=4)
            axis.scatter(
                there[:, 1],
                there[:, 0],
                s=8 + 34 * weights[cell],
                color=shade,
                edgecolors="white",
                linewidths=0.6,
                zorder=5,
            )
        head(axis, f"{name} ({each.kernel_size[0]} x {each.kernel_size[1]} taps)")
        bare(axis)
    legend(axes[0, -1])
    return figure


def sampling(layer, values, group):
    """(points read, grid points, weights) by output pixel and tap, the middle of each window, and the output's size."""
    inputs, offsets = tf.convert_to_tensor(values["inputs"][np.newaxis]), values["offsets"]
    window = Window(layer.strides, layer.padding, layer.dilation_rate, inputs, layer.kernel_size, CALLER)
    if not isinstance(group, int) or not 0 <= group < layer.deformable_groups:
        raise ValueError(
            f"{CALLER}: `group` must be one of the {layer.deformable_groups} deformable groups, counted from 0. Received: "
            f"group={group!r}."
        )
    taps = window.taps
    moves = offsets.reshape(window.pixels, layer.deformable_groups, taps, 2)[:, group]
    grid = np.concatenate([axis.numpy() for axis in window.coordinates("float64")], -1)
    weights = np.ones([window.pixels, taps])
    if "mask" in values:
        weights = values["mask"].reshape(window.pixels, layer.deformable_groups, taps)[:, group] / layer.mask_scale
    return grid + moves, grid, weights, grid.mean(1), window.output_size


def legend(axis):
    """What the signs mean, in grey, below the panel."""
    axis.scatter([], [], s=14, facecolors="none", edgecolors="0.3", label="tap without offset")
    axis.scatter([], [], s=30, color="0.3", label="where it reads")
    axis.plot([], [], "x", color="0.3", label="output pixel", linestyle="none")
    axis.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=3, fontsize=6.5, frameon=False, handletextpad=0.2
    )
