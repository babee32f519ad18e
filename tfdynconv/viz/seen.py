"""What layers inside a model compute for inputs, and images as a backdrop."""

import numpy as np
import tensorflow as tf

from tfdynconv.layers.observe import watching
from tfdynconv.layers.walk import names


def seen(caller, model, image, kind):
    """[(name, layer, {name: array without batch axis})] of the layers of one class, for one image.

    Raises `ValueError` for a model without such a layer, an image of the wrong rank, a layer that cannot be seen.
    """
    named = names(model, kind)
    if not named:
        raise ValueError(
            f"{caller}: expected a {kind.__name__}, or a model with one. Received: {type(model).__name__} {model.name!r} "
            "without any."
        )
    image = one_image(caller, image)
    with watching() as watch:
        model(tf.convert_to_tensor(image[np.newaxis]), training=False)
    found = [
        (named[layer], layer, {name: value.numpy()[0] for name, value in values.items()})
        for layer, values in watch.notes
        if layer in named
    ]
    if not found:
        raise ValueError(
            f"{caller}: {kind.__name__} {', '.join(map(repr, named.values()))} did not run where it can be seen: the model "
            "calls it in a tf.function of its own, or not for this image. Pass the layer itself, with its input."
        )
    return found


def one_image(caller, image):
    image = np.asarray(image)
    image = image[0] if image.ndim == 4 and len(image) == 1 else image
    if image.ndim != 3:
        raise ValueError(
            f"{caller}: `image` must be one image, [height, width, channels], as the model takes it. Received: shape "
            f"{image.shape}."
        )
    return image


def backdrop(image, data_format="channels_last"):
    """An image as matplotlib shows it: `[height, width, 3]` between 0 and 1; grey unless it has three channels."""
    image = np.asarray(image, "float64")
    image = image[0] if image.ndim == 4 else image
    image = np.moveaxis(image, 0, -1) if data_format == "channels_first" else image
    if image.shape[-1] != 3:
        image = np.repeat(image.mean(-1, keepdims=True), 3, -1)
    low, high = image.min(), image.max()
    return (image - low) / (high - low) if high > low else np.full_like(image, 0.5)


def positions(size, count):
    """(row, column) of `count` x `count` cells, spread evenly over a map.

    >>> positions((8, 8), 2)
    [(2, 2), (2, 6), (6, 2), (6, 6)]
    """
    rows, columns = ([int((i + 0.5) * n / count) for i in range(count)] for n in size)
    return [(row, column) for row in rows for column in columns]


def check_positions(caller, given, size):
    """Those of the call, which must lie in the map, or four."""
    if given is None:
        return positions(size, 2)
    given = [tuple(int(n) for n in position) for position in given]
    if not given or any(len(p) != 2 or not all(0 <= n < s for n, s in zip(p, size)) for p in given):
        raise ValueError(
            f"{caller}: `positions` must be (row, column) pairs inside the output map of {size[0]} x {size[1]}. Received: "
            f"{given}."
        )
    return given
