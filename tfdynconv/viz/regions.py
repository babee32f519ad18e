"""DRConv's guide over the image."""

import numpy as np
import tensorflow as tf

from tfdynconv.layers import DRConv2D
from tfdynconv.layers.routing_seen import region_map
from tfdynconv.viz.panels import bare, color, head, matplotlib, panels
from tfdynconv.viz.seen import backdrop, one_image, seen

CALLER = "plot_regions"


def plot_regions(model, image):
    """The image, and for each `DRConv2D` the region of every pixel in colour over it, with the regions' shares.

    To see whether regions follow what is in the image. Colours belong to one layer: region 0 of two layers has nothing in
    common.

    Args:
        model: a model with `DRConv2D`, or that layer.
        image: one image as the model takes it, `[height, width, channels]`.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: no such layer; not one image.
        ImportError: matplotlib is missing.

    >>> import numpy as np, tfdynconv
    >>> layer = tfdynconv.DRConv2D(4, 3, padding="same", num_regions=3)
    >>> image = np.random.default_rng(0).normal(size=[8, 8, 1]).astype("float32")
    >>> len(tfdynconv.viz.plot_regions(layer, image).axes)
    2
    """
    found = seen(CALLER, model, image, DRConv2D)
    picture = backdrop(one_image(CALLER, image), found[0][1].data_format)
    height, width = picture.shape[:2]
    figure, axes = panels(CALLER, 1, 1 + len(found), (2.5, 2.9 * max(0.7, min(1.5, height / width))))
    axes[0, 0].imshow(picture)
    head(axes[0, 0], "image")
    bare(axes[0, 0])
    colors, patches = matplotlib(CALLER).colors, matplotlib(CALLER).patches
    for axis, (name, layer, values) in zip(axes[0, 1:], found):
        regions = region_map(layer, {key: tf.constant(value[np.newaxis]) for key, value in values.items()}).numpy()[0]
        count = layer.num_regions
        palette = colors.ListedColormap([color(i, count) for i in range(count)])
        axis.imshow(
            0.4 + 0.6 * picture.mean(-1), cmap="gray", vmin=0, vmax=1, extent=(-0.5, width - 0.5, height - 0.5, -0.5)
        )
        axis.imshow(
            regions,
            cmap=palette,
            vmin=-0.5,
            vmax=count - 0.5,
            alpha=0.6,
            interpolation="nearest",
            extent=(-0.5, width - 0.5, height - 0.5, -0.5),
        )
        head(axis, f"{name} ({regions.shape[0]} x {regions.shape[1]})")
        bare(axis)
        shares = [(regions == i).mean() for i in range(count)]
        axis.legend(
            handles=[
                patches.Patch(color=color(i, count), label=f"region {i}: {100 * share:.0f} %")
                for i, share in enumerate(shares)
            ],
            loc="upper center",
            bbox_to_anchor=(0.5, -0.02),
            ncols=2,
            fontsize=6.5,
            frameon=False,
            handlelength=1.2,
            columnspacing=1.0,
        )
    return figure
