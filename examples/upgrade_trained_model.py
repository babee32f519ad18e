"""Turn a trained static network into a dynamic one, train on, fold it, and compare on scikit-learn's digits.

A small static network is trained; `to_dynamic` makes its convolutions dynamic without a jump of the loss; both are trained
for as many epochs again; `fuse` folds the batch normalisations; LiteRT runs the test images. One table over several seeds.

    python examples/upgrade_trained_model.py [--epochs 20] [--seeds 3] [--layer DynamicConv2D] [--output upgrade-output]
"""

import argparse
import pathlib
import statistics
import time

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from tfdynconv import export, surgery


def load():
    """1,797 images of 8x8, the test fifth the same for every seed."""
    digits = load_digits()
    images = (digits.images[..., np.newaxis] / 16.0).astype("float32")
    return train_test_split(images, digits.target, test_size=0.2, stratify=digits.target, random_state=0)


def network():
    layers = [keras.Input([8, 8, 1])]
    for i, (filters, strides) in enumerate([(8, 1), (16, 1), (24, 2)]):
        layers += [
            keras.layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False, name=f"conv_{i}"),
            keras.layers.BatchNormalization(name=f"norm_{i}"),
            keras.layers.ReLU(name=f"relu_{i}"),
        ]
    return keras.Sequential([*layers, keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(10, name="classifier")])


def compiled(model, rate):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    return model


def train(model, data, epochs, rate):
    images, _, labels, _ = data
    compiled(model, rate).fit(images, labels, batch_size=64, epochs=epochs, verbose=0)
    return model


def loss_of(model, data):
    images, _, labels, _ = data
    return compiled(model, 0.0).evaluate(images, labels, verbose=0)[0]


def measured(model, path, data):
    """Folded and converted: (test accuracy in LiteRT, parameters, size of the file, milliseconds an image)."""
    _, images, _, labels = data
    folded, report = surgery.fuse(model, data=images, report=True, print_fn=lambda text: None)
    export.to_tflite(folded, path, representative_data=images[:8])
    run = Interpreter(model_path=str(path), num_threads=1).get_signature_runner()
    (name,) = run.get_input_details()
    right, times = 0, []
    for image, label in zip(images, labels):
        begin = time.perf_counter()
        (scores,) = run(**{name: image[np.newaxis]}).values()
        times.append(time.perf_counter() - begin)
        right += int(scores.argmax() == label)
    return {
        "accuracy": 100 * right / len(labels),
        "parameters": report.parameters[1],
        "size": path.stat().st_size / 1024,
        "milliseconds": 1e3 * statistics.median(times),
        "folded": len(report.folded),
    }


def upgrade(seed, layer, epochs, data, output):
    """One seed: the static network, the same trained on, and the dynamic one made of it and trained on."""
    keras.utils.set_random_seed(seed)
    static = train(network(), data, epochs, 3e-3)
    dynamic = surgery.to_dynamic(static, layer, print_fn=print if seed == 0 else lambda text: None)
    print(
        f"seed {seed}: loss {loss_of(static, data):.6f} static, {loss_of(dynamic, data):.6f} dynamic, before training on"
    )
    found = {"static": measured(static, output / "static.tflite", data)}
    on = keras.models.clone_model(static)
    on.set_weights(static.get_weights())
    found["static, trained on"] = measured(train(on, data, epochs, 1e-3), output / "static_on.tflite", data)
    found[layer] = measured(train(dynamic, data, epochs, 1e-3), output / "dynamic.tflite", data)
    return found


def table(runs):
    head = (
        "| network | test accuracy | parameters | folded | .tflite | LiteRT ms an image |\n|---|---|---|---|---|---|\n"
    )
    rows = []
    for name in runs[0]:
        results = [run[name] for run in runs]
        accuracies = [result["accuracy"] for result in results]
        spread = statistics.stdev(accuracies) if len(accuracies) > 1 else 0.0
        last = results[-1]
        rows.append(
            f"| {name} | {statistics.mean(accuracies):.2f} ± {spread:.2f} % | {last['parameters']:,} | {last['folded']} "
            f"| {last['size']:.0f} KiB | {statistics.median(r['milliseconds'] for r in results):.3f} |"
        )
    return head + "\n".join(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--layer", default="DynamicConv2D")
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("upgrade-output"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    data = load()
    print(f"TensorFlow {tf.__version__}, Keras {keras.__version__}: {options.seeds} seeds, 2 x {options.epochs} epochs")
    runs = [upgrade(seed, options.layer, options.epochs, data, options.output) for seed in range(options.seeds)]
    text = table(runs)
    (options.output / "table.md").write_text(text + "\n")
    print(f"\n{text}\n\nTable and files: {options.output}")


if __name__ == "__main__":
    main()
