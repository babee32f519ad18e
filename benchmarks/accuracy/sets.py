"""The two sets: scikit-learn's digits, and the same digits lost in photographs. Nothing is downloaded.

Both are split into halves, another split for each seed: one half trains, the other tests, so that the same handwriting is
never on both sides. That is half of what the digits could train with, and leaves room for mistakes.

Canvases: each digit appears on `COPIES` canvases of 24x24 pixels. On each of them it is
- scaled by 1.2 to 2 (10 to 16 pixels) and turned by up to 30 degrees either way, bilinearly,
- put anywhere where its square fits,
- drawn with an ink of 0.75 to 1 over a background,
- which is a crop of 24x24 pixels of scikit-learn's china.jpg or flower.jpg, in grey, every pixel or every second, times
  0.3 to 0.7,
- with normal noise of 0.05, clipped to [0, 1] and stored in 256 steps.
All of it is drawn from NumPy's `default_rng(SEED)`, each digit in its turn.
"""

import dataclasses
import functools

import keras
import numpy as np
from scipy import ndimage
from sklearn.datasets import load_digits, load_sample_images
from sklearn.model_selection import StratifiedKFold

SIZE, COPIES, SEED = 24, 4, 0
GREY = np.array([0.299, 0.587, 0.114])


def digits():
    found = load_digits()
    return (found.images[..., None] / 16).astype("float32"), found.target


@functools.cache
def canvases():
    rng = np.random.default_rng(SEED)
    found = load_digits()
    photographs = [image @ GREY / 255 for image in load_sample_images().images]
    drawn = [canvas(digit / 16, photographs, rng) for digit in found.images for _ in range(COPIES)]
    steps = np.round(np.clip(drawn, 0, 1) * 255).astype("uint8")
    return (steps[..., None] / 255).astype("float32"), np.repeat(found.target, COPIES)


def canvas(digit, photographs, rng):
    background = crop(photographs[rng.integers(len(photographs))], rng) * rng.uniform(0.3, 0.7)
    stroke = placed(digit, rng.uniform(1.2, 2.0), np.radians(rng.uniform(-30, 30)), rng)
    mixed = background + stroke * (rng.uniform(0.75, 1.0) - background)
    return mixed + rng.normal(0, 0.05, mixed.shape)


def crop(photograph, rng):
    step = rng.integers(1, 3)
    top, left = (rng.integers(n - step * SIZE) for n in photograph.shape)
    return photograph[top : top + step * SIZE : step, left : left + step * SIZE : step]


def placed(digit, scale, angle, rng):
    """The digit, scaled and turned, on an empty canvas."""
    half = (digit.shape[0] * scale - 1) / 2
    centre = rng.uniform(half, SIZE - 1 - half, 2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / scale
    middle = (np.array(digit.shape) - 1) / 2
    return ndimage.affine_transform(digit, turn, middle - turn @ centre, (SIZE, SIZE), order=1)


@dataclasses.dataclass(frozen=True)
class Set:
    """`load()` gives images and labels, `copies` images in a row of each digit; `strides` are those of the stem, `pooling`
    what gathers the last map: the mean, or the maximum where the digit may be anywhere."""

    load: object
    shape: tuple
    copies: int
    strides: int
    pooling: type
    epochs: int

    def halves(self, seed):
        """(training, test) rows."""
        labels = load_digits().target
        split = StratifiedKFold(2, shuffle=True, random_state=seed).split(labels, labels)
        return [(rows[:, None] * self.copies + np.arange(self.copies)).ravel() for rows in next(iter(split))]


SETS = {
    "digits": Set(digits, (8, 8, 1), 1, strides=1, pooling=keras.layers.GlobalAveragePooling2D, epochs=20),
    "canvases": Set(canvases, (SIZE, SIZE, 1), COPIES, strides=2, pooling=keras.layers.GlobalMaxPooling2D, epochs=6),
}
