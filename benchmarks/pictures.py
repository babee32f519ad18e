"""Train small networks on scikit-learn's digits and draw what `tfdynconv.viz` shows of them, for the documentation.

python -m benchmarks.pictures            # into docs/pictures
python -m benchmarks.pictures FOLDER

The digits are 8x8 and drawn at 16x16 where a picture is of one image, resized bilinearly.
"""

import argparse
import io
import pathlib
import sys

import keras
import numpy as np
import tensorflow as tf
from PIL import Image
from sklearn.datasets import load_digits

import tfdynconv
from tfdynconv import viz

FOLDER = pathlib.Path(__file__).parent.parent / "docs" / "pictures"
LARGEST = 80_000  # bytes of a picture
SAME = {"padding": "same", "activation": "relu"}
THREE = 3  # an image of this class is in the pictures of one image


def data(size):
    digits = load_digits()
    images = (digits.images[..., np.newaxis] / 16).astype("float32")
    return (images if size == 8 else tf.image.resize(images, [size, size]).numpy()), digits.target


def train(layers, size, epochs, callbacks=()):
    """(model, images, labels, what `fit` returned)."""
    keras.utils.set_random_seed(0)
    images, labels = data(size)
    pooled = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(10)]
    model = keras.Sequential([keras.Input([size, size, 1]), *layers, *pooled])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3), loss, metrics=["accuracy"])
    monitor = tfdynconv.training.RoutingMonitor(images[:256], samples=256)
    callbacks = [*callbacks, *([monitor] if any(hasattr(layer, "routing") for layer in layers) else [])]
    history = model.fit(images, labels, batch_size=64, epochs=epochs, verbose=0, callbacks=callbacks)
    names = ", ".join(type(layer).__name__ for layer in layers)
    print(f"... {names}: accuracy in training {history.history['accuracy'][-1]:.3f}", file=sys.stderr, flush=True)
    return model, images, labels, history


def of_class(images, labels, label, number=0):
    return images[np.flatnonzero(labels == label)[number]]


def routing_and_schedule():
    layers = [
        keras.layers.Conv2D(16, 3, **SAME),
        keras.layers.Conv2D(24, 3, strides=2, **SAME),
        tfdynconv.DynamicConv2D(24, 3, hidden_units=12, name="dynamic", **SAME),
        tfdynconv.CondConv2D(24, 3, num_experts=4, name="cond", **SAME),
    ]
    cooling = tfdynconv.training.TemperatureSchedule(epochs=8)
    model, images, labels, history = train(layers, 8, 25, [cooling])
    return {"routing": viz.plot_routing(model, images, labels), "schedule": viz.plot_schedule(history)}


def regions():
    layers = [
        keras.layers.Conv2D(16, 3, **SAME),
        keras.layers.BatchNormalization(),
        tfdynconv.DRConv2D(24, 3, num_regions=4, name="first", **SAME),
        keras.layers.BatchNormalization(),
        tfdynconv.DRConv2D(24, 3, num_regions=4, name="second", **SAME),
    ]
    model, images, labels, _ = train(layers, 16, 12)
    return {"regions": viz.plot_regions(model, of_class(images, labels, THREE))}


def masks():
    apart = tfdynconv.training.MaskOrthogonality(0.05)
    layers = [
        keras.layers.Conv2D(8, 3, **SAME),
        keras.layers.BatchNormalization(),
        tfdynconv.VersatileConv2D(
            32, 5, direction="learned", num_masks=2, shared_masks=True, mask_regularizer=apart, name="versatile", **SAME
        ),
    ]
    model, *_ = train(layers, 8, 20)
    return {"masks": viz.plot_masks(model)}


def offsets():
    layers = [
        keras.layers.Conv2D(16, 3, **SAME),
        keras.layers.BatchNormalization(),
        tfdynconv.blocks.DeformableConv2D(24, 3, modulated=True, name="deformable", **SAME),
    ]
    model, images, labels, _ = train(layers, 16, 12)
    return {"offsets": viz.plot_offsets(model, of_class(images, labels, THREE), [(4, 5), (8, 9), (12, 6)])}


def involution():
    layers = [
        keras.layers.Conv2D(16, 3, **SAME),
        keras.layers.BatchNormalization(),
        tfdynconv.blocks.Involution2D(5, name="involution"),
        keras.layers.ReLU(),
    ]
    model, images, labels, _ = train(layers, 16, 12)
    return {"involution": viz.plot_involution(model, of_class(images, labels, THREE))}


def save(figure, path):
    """As a PNG of 256 colours, a third of the size."""
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=110)
    Image.open(buffer).convert("RGB").quantize(256).save(path, optimize=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=FOLDER)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    too_large = []
    for make in (routing_and_schedule, regions, masks, offsets, involution):
        for name, figure in make().items():
            path = options.folder / f"{name}.png"
            save(figure, path)
            size = path.stat().st_size
            print(f"{path}: {size:,} bytes", flush=True)
            too_large += [path.name] if size > LARGEST else []
    if too_large:
        sys.exit(f"More than {LARGEST:,} bytes: {', '.join(too_large)}. Lower dpi.")


if __name__ == "__main__":
    main()
