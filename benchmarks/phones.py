"""Dynamic convolution in LiteRT against the static one: one thread, batch 1, XNNPACK. Prints Markdown, ratios alone.

python -m benchmarks.phones                  # all tables
python -m benchmarks.phones --only layers    # one of them
python -m benchmarks.phones --seconds 5      # longer, for a noisy machine

All files of a column lie in interpreters of one process and take turns. A figure is the median over the rounds of the ratio
within a round; behind it stand the quartiles. The files cost some seconds each to convert, those of networks half a minute.
"""

import argparse
import pathlib
import sys
import tempfile
import time
import warnings

import keras
import numpy as np

import tfdynconv
from benchmarks import mobilenet
from benchmarks.layers import geometric_mean
from benchmarks.shapes import Shape

SHAPES = [Shape(1, 28, 64, 64, 3), Shape(1, 14, 192, 384, 1), Shape(1, 14, 128, 128, 3), Shape(1, 56, 32, 32, 3)]
# as MobileNetV2 has them
DEPTHWISE = [Shape(1, size, n, n, 3, depthwise=True) for size, n in ((112, 32), (56, 144), (14, 384), (7, 960))]
FORMS = ["matmul", "constant"]
QUANTIZE = [None, "dynamic", "int8"]
LAYER_BARS = (
    "bars: matmul in float32 has a geometric mean of at most 1.5 and no figure above 1.9; dynamic at most 1.05 times float32; \
int8 at most 1.5 times float32"
)
NETWORK_QUANTIZE = [None, "dynamic"]
TURN = 0.03  # seconds of one job in a round: enough to find its caches warm


def progress(text):
    print(f"... {text}", file=sys.stderr, flush=True)


def interpreter(model, folder, name, form="auto", quantize=None, tolerance=10.0):
    """A job that runs the model's file once, or a string that says why there is none.

    Whole networks of random weights are so sensitive (some change by a third for inputs that differ by a millionth) that
    the default tolerance is none; single layers are held to one.
    """
    from ai_edge_litert.interpreter import Interpreter

    progress(f"converting {name}")
    path = str(pathlib.Path(folder) / f"{name.replace(' ', '-').replace(',', '-')}.tflite")
    size = model.input_shape[1:]
    data = np.random.default_rng(0).normal(size=(8, *size)).astype("float32")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            tfdynconv.export.to_tflite(
                model,
                path,
                form=form,
                quantize=quantize,
                representative_data=data,
                tolerance=tolerance,
            )
    except ValueError as error:
        return " ".join(str(error).split())[:200]
    found = Interpreter(model_path=path, num_threads=1)
    found.allocate_tensors()
    (detail,) = found.get_input_details()
    image = data[:1] if detail["dtype"] == np.float32 else np.zeros(detail["shape"], detail["dtype"])
    found.set_tensor(detail["index"], image)
    found.invoke()
    return found.invoke


def ratios(jobs, seconds, least=11):
    """`{name: the quartiles of its time over that of "static"}`, round by round, until so many seconds a job are over."""
    calls = {name: max(2, round(TURN / timed(job, 3))) for name, job in jobs.items()}
    rounds = []
    begin = time.perf_counter()
    while len(rounds) < least or time.perf_counter() - begin < seconds * len(jobs):
        order = list(jobs) if len(rounds) % 2 else list(reversed(jobs))
        taken = {name: timed(jobs[name], calls[name]) for name in order}
        rounds.append({name: taken[name] / taken["static"] for name in jobs})
    return {name: np.percentile([each[name] for each in rounds], [25, 50, 75]) for name in jobs}


def timed(job, calls):
    """Median seconds of a call, the first not counted: it finds what the job before left in the caches."""
    times = []
    for _ in range(calls + 1):
        begin = time.perf_counter()
        job()
        times.append(time.perf_counter() - begin)
    return float(np.median(times[1:]))


def measured(jobs, seconds):
    """`{name: quartiles, or the reason why there are none}`."""
    able = {name: job for name, job in jobs.items() if callable(job)}
    if "static" not in able:
        raise RuntimeError(f"the static network could not be converted: {jobs['static']}")
    return {**jobs, **ratios(able, seconds)}


def one_layer(layer, shape):
    return keras.Sequential([keras.Input(shape.input_shape[1:]), layer])


def column(static, dynamic, shape, folder, seconds):
    """`{(form, quantize): quartiles}` of a dynamic layer, and of its static twin quantized likewise."""
    static, dynamic = one_layer(static, shape), one_layer(dynamic, shape)
    jobs = {"static": interpreter(static, folder, f"{shape} static", tolerance=1e-3)}
    for quantize in QUANTIZE[1:]:
        jobs["static", quantize] = interpreter(static, folder, f"{shape} static {quantize}", quantize=quantize)
    for form in FORMS:
        for quantize in QUANTIZE:
            tolerance = 10.0 if quantize else 1e-3
            name = f"{shape} {form} {quantize}"
            jobs[form, quantize] = interpreter(dynamic, folder, name, form, quantize, tolerance)
    return measured(jobs, seconds)


def convolutions(shape):
    """`Conv2D`, and `CondConv2D` with 4 kernels."""
    window = {"filters": shape.filters, "kernel_size": shape.kernel, "padding": "same"}
    return keras.layers.Conv2D(**window), tfdynconv.CondConv2D(**window, num_experts=4)


def depthwise_convolutions(shape):
    window = {"kernel_size": shape.kernel, "strides": shape.strides, "padding": "same"}
    return keras.layers.DepthwiseConv2D(**window), tfdynconv.DepthwiseCondConv2D(**window, num_experts=4)


def rows(layers, shapes, folder, seconds):
    columns = [column(*layers(shape), shape, folder, seconds) for shape in shapes]
    for key in [key for key in columns[0] if key != "static"]:
        cells = [each[key] for each in columns]
        whole = all(not isinstance(cell, str) for cell in cells)
        mean = f"{geometric_mean([cell[1] for cell in cells]):.2f}" if whole else ""
        name, quantize = key
        yield f"{name}, {quantize or 'float32'}", [*map(shown, cells), mean]


def network_rows(folder, seconds, **layout):
    """Each network in float32 and with its bank in 8 bits, over the static one in float32; and the bars."""
    jobs, bars = {}, {}
    for name, (convolutions, bar) in mobilenet.NETWORKS.items():
        model = mobilenet.network(convolutions, **layout)
        for quantize, limit in zip(NETWORK_QUANTIZE, bar):
            key = name if quantize is None else f"{name}, {quantize}"
            jobs[key] = interpreter(model, folder, f"{name} {quantize}", quantize=quantize)
            bars[key] = limit
        keras.backend.clear_session()
    found = measured(jobs, seconds)
    for key in jobs:
        if key != "static":
            yield key, [shown(found[key]), "" if bars[key] is None else f"{bars[key]}"]


def shown(cell):
    if isinstance(cell, str):
        return f"none: {cell}"
    low, median, high = cell
    return f"{median:.2f} ({low:.2f} to {high:.2f})"


def markdown(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + [f"| {name} | {' | '.join(values)} |" for name, values in rows])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=["layers", "depthwise", "networks"])
    parser.add_argument("--seconds", type=float, default=2.0, help="of measuring, for each file (default: 2)")
    asked = parser.parse_args()
    tables = {"layers": (convolutions, SHAPES), "depthwise": (depthwise_convolutions, DEPTHWISE)}
    with tempfile.TemporaryDirectory() as folder:
        for name, (layers, shapes) in tables.items():
            if asked.only in (None, name):
                header = ["over the static layer in float32", *(str(shape)[2:] for shape in shapes), "geometric mean"]
                table = markdown(header, rows(layers, shapes, folder, asked.seconds))
                print(f"4 kernels, {name}:\n\n{table}\n", flush=True)
        if asked.only == "layers":
            print(LAYER_BARS, flush=True)
        if asked.only in (None, "networks"):
            table = markdown(
                ["over the static network in float32", "ratio", "bar"], network_rows(folder, asked.seconds)
            )
            print(f"MobileNetV2 1.0, 224x224:\n\n{table}\n", flush=True)


if __name__ == "__main__":
    main()
