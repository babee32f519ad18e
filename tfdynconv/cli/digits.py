"""What the verb `demo` does: one small network with three convolutions, trained on scanned digits, converted, compared."""

import statistics
import time

import keras
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import tfdynconv
from tfdynconv.layers.walk import walk

BATCH = 64
CONVOLUTIONS = {
    "Conv2D": keras.layers.Conv2D,
    "CondConv2D": tfdynconv.CondConv2D,
    "DynamicConv2D": tfdynconv.DynamicConv2D,
}


def load():
    """1,797 images of 8x8, the test fifth the same for every seed."""
    digits = load_digits()
    images = (digits.images[..., np.newaxis] / 16.0).astype("float32")
    return train_test_split(images, digits.target, test_size=0.2, stratify=digits.target, random_state=0)


def network(convolution):
    """A static stem, then two convolutions of the kind under test, on maps large enough that mixing is a small share."""
    return keras.Sequential(
        [
            keras.Input([8, 8, 1]),
            keras.layers.Conv2D(8, 3, padding="same", activation="relu"),
            convolution(16, 3, padding="same", activation="relu", name="first"),
            convolution(16, 3, padding="same", activation="relu", name="second"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(10),
        ]
    )


class Watch(keras.callbacks.Callback):
    """Times the training steps, and tells the epochs."""

    def __init__(self, tell):
        super().__init__()
        self.tell, self.times = tell, []

    def on_train_batch_begin(self, batch, logs=None):
        self.begin = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self.times.append(time.perf_counter() - self.begin)

    def on_epoch_begin(self, epoch, logs=None):
        self.tell(f"epoch {epoch + 1} of {self.params['epochs']}")


def train(convolution, seed, epochs, data, tell):
    keras.utils.set_random_seed(seed)
    train_images, _, train_labels, _ = data
    model = network(convolution)
    model.compile(
        keras.optimizers.Adam(3e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"]
    )
    watch = Watch(tell)
    callbacks = [watch]
    if convolution is tfdynconv.DynamicConv2D:
        callbacks.append(tfdynconv.training.TemperatureSchedule(epochs=max(1, epochs // 3)))
    model.fit(train_images, train_labels, batch_size=BATCH, epochs=epochs, verbose=0, callbacks=callbacks)
    return model, 1e3 * statistics.median(watch.times)


def on_phone(model, path, images, labels):
    """Convert, then classify every test image with LiteRT: accuracy, milliseconds an image, difference to Keras."""
    from ai_edge_litert.interpreter import Interpreter

    tfdynconv.export.to_tflite(model, path, representative_data=images[:8])
    interpreter = Interpreter(model_path=str(path), num_threads=1)
    run = interpreter.get_signature_runner()
    (name,) = run.get_input_details()
    outputs, times = [], []
    for image in images:
        begin = time.perf_counter()
        (result,) = run(**{name: image[np.newaxis]}).values()
        times.append(time.perf_counter() - begin)
        outputs.append(result[0])
    outputs, reference = np.array(outputs), model.predict(images, verbose=0)
    difference = np.abs(outputs - reference).max() / np.abs(reference).max()
    return np.mean(outputs.argmax(-1) == labels), 1e3 * statistics.median(times), difference


def table(rows):
    header = (
        "| convolution | test accuracy | parameters | multiply-adds | ms a training step | .tflite | LiteRT ms an image "
        "| LiteRT accuracy | Keras to LiteRT |\n|---|---|---|---|---|---|---|---|---|\n"
    )
    return header + "\n".join(rows)


def row(name, runs):
    accuracies = [100 * r["accuracy"] for r in runs]
    spread = statistics.stdev(accuracies) if len(runs) > 1 else 0.0
    last = runs[-1]
    return (
        f"| {name} | {statistics.mean(accuracies):.2f} ± {spread:.2f} % | {last['parameters']:,} "
        f"| {last['multiply_adds']:,} | {last['step']:.1f} | {last['bytes'] / 1024:.0f} KiB | {last['latency']:.3f} "
        f"| {100 * last['lite_accuracy']:.2f} % | {last['difference']:.0e} |"
    )


def plot_routing(model, images, labels, path):
    """How much more or less than on average each digit uses each kernel, one panel a dynamic layer."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    dynamic = [layer for layer in walk(model) if getattr(layer, "routing", None) is not None]
    figure, axes = plt.subplots(1, len(dynamic), figsize=(5 * len(dynamic), 4), squeeze=False)
    x = images
    panels = iter(axes[0])
    for layer in model.layers:
        if layer in dynamic:
            coefficients = np.asarray(layer.routing(x))
            mean = np.stack([coefficients[labels == digit].mean(0) for digit in range(10)], 1)
            axis = next(panels)
            usual = mean.mean(1, keepdims=True)
            limit = np.abs(mean - usual).max()
            picture = axis.imshow(mean - usual, aspect="auto", cmap="RdBu_r", vmin=-limit, vmax=limit)
            axis.set(title=f"{type(layer).__name__} {layer.name!r}", xlabel="digit", ylabel="kernel (mean coefficient)")
            axis.set_xticks(range(10))
            axis.set_yticks(range(len(mean)), [f"{i} ({value:.2f})" for i, value in enumerate(usual[:, 0])])
            figure.colorbar(picture, ax=axis, label="coefficient minus the kernel's mean")
        x = layer(x)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def verdict(results):
    """What the table shows, said plainly: a difference within the spread is no difference."""
    means = {name: statistics.mean(100 * r["accuracy"] for r in runs) for name, runs in results.items()}
    spreads = [statistics.stdev(100 * r["accuracy"] for r in runs) for runs in results.values() if len(runs) > 1]
    if not spreads:
        return "One seed shows no spread: no conclusion."
    lines = []
    for name in list(means)[1:]:
        gain = means[name] - means["Conv2D"]
        word = "no more than the spread" if abs(gain) <= max(spreads) else "more than the spread"
        lines.append(f"{name} against Conv2D: {gain:+.2f} points, {word} of the seeds ({max(spreads):.2f}).")
    return "\n".join(lines)


def run(epochs, seeds, output, tell):
    """`{convolution: the results of each seed}`, and the files in the folder `output`; `tell` is told how far it is."""
    output.mkdir(parents=True, exist_ok=True)
    data = load()
    _, images, _, labels = data
    results, models = {}, {}
    for name, convolution in CONVOLUTIONS.items():
        results[name] = []
        for seed in range(seeds):
            model, step = train(
                convolution, seed, epochs, data, lambda what, at=f"{name}, seed {seed + 1}": tell(f"{at}, {what}")
            )
            parameters, multiply_adds = tfdynconv.models.cost(model)
            accuracy = float(model.evaluate(images, labels, verbose=0)[1])
            results[name].append(
                {"accuracy": accuracy, "step": step, "parameters": parameters, "multiply_adds": multiply_adds}
            )
        models[name] = model
    for name, model in models.items():
        tell(f"{name}, converting")
        path = output / f"{name}.tflite"
        accuracy, latency, difference = on_phone(model, path, images, labels)
        results[name][-1].update(
            lite_accuracy=float(accuracy), latency=latency, difference=float(difference), bytes=path.stat().st_size
        )
    (output / "table.md").write_text(text_of(results) + "\n")
    for name in ("CondConv2D", "DynamicConv2D"):
        plot_routing(models[name], images, labels, output / f"routing_{name}.png")
    return results


def text_of(results):
    return table([row(name, runs) for name, runs in results.items()]) + "\n\n" + verdict(results)
