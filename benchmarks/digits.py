"""Every layer of the package on scikit-learn's digits (scanned handwriting), beside the static layer in the same network.

python -m benchmarks.digits                      # 3 seeds, 5 folds, 3 precisions: some hours; writes benchmarks/DIGITS.md
python -m benchmarks.digits --layers ODConv2D --seeds 1 --folds 1 --policies float32
"""

import argparse
import pathlib
import statistics
import sys

import keras
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold

import tfdynconv
from tfdynconv.layers.walk import walk

POLICIES = ("float32", "mixed_bfloat16", "mixed_float16")
EPOCHS, BATCH = 25, 64
SHAPES = {1: (8, 8), 2: (8, 8, 1), 3: (4, 4, 4, 1)}  # rows of the image as time; the image; its 64 pixels as a cube


def block(layer):
    """A convolution of the kind under test with what belongs behind it."""
    name = layer.__name__
    if "Dense" in name:
        return [keras.layers.Flatten(), layer(32)]
    if "Depthwise" in name:
        return [layer(3, padding="same", use_bias=False), keras.layers.Conv2D(24, 1, use_bias=False)]
    if "Transpose" in name:
        return [layer(24, 3, strides=2, padding="same", use_bias=False), keras.layers.AveragePooling2D(2)]
    return [layer(24, 3, padding="same", use_bias=False)]


def network(layer):
    """A static stem, two blocks with batch normalisation, and a dense layer on the mean."""
    rank = rank_of(layer)
    stem = {1: keras.layers.Conv1D, 2: keras.layers.Conv2D, 3: keras.layers.Conv3D}[rank]
    pool = {1: keras.layers.MaxPooling1D, 2: keras.layers.MaxPooling2D, 3: keras.layers.MaxPooling3D}[rank]
    layers = [keras.Input(SHAPES[rank]), stem(16, 3, padding="same", activation="relu"), pool(2)]
    for _ in range(1 if "Dense" in layer.__name__ else 2):
        layers += [*block(layer), keras.layers.BatchNormalization(), keras.layers.ReLU()]
    return keras.Sequential([*layers, keras.layers.Flatten(), keras.layers.Dense(10, dtype="float32")])


def rank_of(layer):
    return next((rank for rank in (1, 3) if f"{rank}D" in layer.__name__), 2)


def data(rank):
    digits = load_digits()
    return digits.data.reshape(-1, *SHAPES[rank]).astype("float32") / 16, digits.target


def folds(labels, count):
    """(training, test) rows of each of five folds, the first `count` of them."""
    splits = StratifiedKFold(5, shuffle=True, random_state=0).split(labels, labels)
    return [rows for _, rows in zip(range(count), splits)]


def train(layer, seed, rows, policy="float32", epochs=EPOCHS):
    """(test accuracy, model) of one training."""
    images, labels = data(rank_of(layer))
    training, test = rows
    keras.utils.set_random_seed(seed)
    before = keras.mixed_precision.global_policy() if hasattr(keras.mixed_precision, "global_policy") else None
    keras.mixed_precision.set_global_policy(policy)
    try:
        model = network(layer)
    finally:
        keras.mixed_precision.set_global_policy(before or "float32")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(5e-3, epochs * (len(training) // BATCH + 1))
    )
    if policy == "mixed_float16":
        optimizer = keras.mixed_precision.LossScaleOptimizer(optimizer)
    model.compile(optimizer, loss, metrics=["accuracy"])
    callbacks = [tfdynconv.training.TemperatureSchedule(epochs=max(1, epochs // 3))] if has_temperature(model) else []
    history = model.fit(
        images[training], labels[training], batch_size=BATCH, epochs=epochs, verbose=0, callbacks=callbacks
    )
    if not np.isfinite(history.history["loss"]).all():
        raise ValueError(f"{layer.__name__}, {policy}, seed {seed}: the loss is not finite.")
    return model.evaluate(images[test], labels[test], verbose=0)[1], model


def has_temperature(model):
    return any(hasattr(layer, "temperature") for layer in walk(model))


def public_layers():
    return [getattr(tfdynconv.layers, name) for name in tfdynconv.layers.__all__]


def static_twin(layer):
    """The Keras layer of the same window."""
    name = layer.__name__
    for word in ("Dense", "DepthwiseConv2D", "Conv2DTranspose"):
        if word.replace("Conv2D", "") in name and ("Transpose" in name) == ("Transpose" in word):
            return getattr(keras.layers, word)
    return getattr(keras.layers, f"Conv{rank_of(layer)}D")


def sweep(layers, seeds, count, policies):
    """Rows of (layer, policy, mean, mean of the static twin in float32, standard deviation over seeds), as they come."""
    _, labels = data(2)
    rows, twins = folds(labels, count), {}
    total = len(layers) * len(policies) * seeds * count
    bar = keras.utils.Progbar(total, unit_name="training")
    for layer in layers:
        twin = static_twin(layer)
        if twin not in twins:
            twins[twin] = statistics.mean(train(twin, seed, row)[0] for seed in range(seeds) for row in rows)
        for policy in policies:
            means = []
            for seed in range(seeds):
                accuracies = []
                for row in rows:
                    accuracies.append(train(layer, seed, row, policy)[0])
                    bar.add(1)
                means.append(statistics.mean(accuracies))
            spread = statistics.stdev(means) if seeds > 1 else 0.0
            yield layer.__name__, policy, statistics.mean(means), twins[twin], spread


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--policies", nargs="*", default=POLICIES, choices=POLICIES)
    parser.add_argument("--layers", nargs="*", default=[layer.__name__ for layer in public_layers()])
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path(__file__).parent / "DIGITS.md")
    options = parser.parse_args()
    layers = [getattr(tfdynconv.layers, name) for name in options.layers]
    header = "| layer | policy | accuracy | static layer, float32 | difference in points |\n|---|---|---|---|---|\n"
    text = f"# Digits\n\n{options.seeds} seeds, {options.folds} of 5 folds, {EPOCHS} epochs; ± over seeds.\n\n{header}"
    for name, policy, mean, static, spread in sweep(layers, options.seeds, options.folds, options.policies):
        text += f"| `{name}` | {policy} | {100 * mean:.2f} ± {100 * spread:.2f} % | {100 * static:.2f} % "
        text += f"| {100 * (mean - static):+.2f} |\n"
        options.output.write_text(text)
    print("\n" + text, file=sys.stdout)


if __name__ == "__main__":
    main()
