"""Compare a .tflite with the Keras model that it came from, on several inputs through one interpreter."""

import collections
import dataclasses
import json
import os

import numpy as np
import tensorflow as tf

from tfdynconv.export import child
from tfdynconv.export.delegate import left_out
from tfdynconv.export.report import Latency
from tfdynconv.export.signature import fixed_batch, name_outputs

# The ways in which worker_run.py runs a file, in its order.
WAYS = ("with 1 thread", "with 4 threads", "with 1 thread, without XNNPACK", "with 4 threads, without XNNPACK")


@dataclasses.dataclass(frozen=True)
class Run:
    """What LiteRT did.

    `answers`: for each way of running `{signature: a dict of outputs for each input}`; `ops`: how often each occurs;
    `outside`: those that XNNPACK left, with reasons; `latencies` by signature.
    """

    answers: dict
    ops: dict
    outside: dict
    latencies: dict


SILENT = (
    " XNNPACK takes no integers of a range that is next to nothing, which is what a layer gets whose outputs were zero on all "
    "of representative_data, as with a ReLU that never fires. Train the model first, give data on which every layer answers, "
    "or take quantize='dynamic'."
)


def run_tflite(model_file, sizes, scratch, mode=None):
    """The `Run` of a file on the inputs of all sizes, in a process of its own; `mode` is the quantisation's."""
    given, answered = os.path.join(scratch, "inputs.npz"), os.path.join(scratch, "outputs.npz")
    write_inputs(given, {size.name: (size.specs, size.inputs) for size in sizes})
    try:
        told = json.loads(child.run("worker_run.py", model_file, given, answered))
    except child.ChildError as error:
        advice = SILENT if mode is not None and mode.is_integer and "XNNPACK runtime" in str(error) else ""
        raise ValueError(
            f"to_tflite: the converted model does not run in LiteRT, so no file was written.{advice} The interpreter said "
            f"{error}"
        ) from error
    answers: dict = {way: {size.name: [{} for _ in size.inputs] for size in sizes} for way in WAYS}
    with np.load(answered) as results:
        for key in results:
            way, signature, index, name = key.split("/", 3)
            answers[WAYS[int(way)]][signature][int(index)][name] = results[key]
    ops = dict(collections.Counter(node["op_name"] for node in told["before"]))
    dtypes = {int(index): name for index, name in told["dtypes"].items()}
    outside = left_out(told["before"], told["after"], dtypes, told["inputs"], told["outputs"])
    return Run(answers, ops, outside, {name: Latency.of(times) for name, times in told["latencies"].items()})


def write_inputs(path, inputs):
    """Inputs for a worker, from `{signature: (specs, nests)}`: an array `"signature/i/name"` for input `name` of run i."""
    arrays = {}
    for signature, (specs, nests) in inputs.items():
        names = [spec.name for spec in tf.nest.flatten(specs)]
        for i, nest in enumerate(nests):
            arrays.update({f"{signature}/{i}/{name}": a for name, a in zip(names, tf.nest.flatten(nest))})
    np.savez(path, **arrays)


def agreement(expected, answers, tolerance):
    """(relative, absolute) largest error over all signatures and ways of running; raises above `tolerance`.

    `expected` is what Keras gives by signature.
    """
    relative, absolute = 0.0, 0.0
    for way, received in answers.items():
        for signature, outputs in expected.items():
            try:
                relative = max(relative, largest_error(outputs, received[signature], tolerance))
            except ValueError as error:
                raise ValueError(f"{error} (LiteRT {way}, signature {signature!r}.)") from error
            absolute = max(absolute, largest_difference(outputs, received[signature]))
    return relative, absolute


def largest_difference(expected, received):
    pairs = [(a[name], b[name]) for a, b in zip(expected, received) for name in a]
    with np.errstate(invalid="ignore"):
        return max(float(np.max(np.where(a == b, 0.0, np.abs(np.float64(a) - np.float64(b))))) for a, b in pairs)


def run_keras(model, inputs):
    """For each input a dict of outputs, from the model itself, computed eagerly, in the batch size it was built for."""
    batch = fixed_batch(model)
    outputs = []
    for nest in inputs:
        size = len(tf.nest.flatten(nest)[0])
        rows: np.ndarray = np.arange(-(-size // batch) * batch if batch else size) % size
        step = batch or size
        parts = []
        for start in range(0, len(rows), step):
            part = taken(nest, rows[start : start + step])
            parts.append(name_outputs(model(part, training=False)))
        arrays = {name: [np.asarray(part[name]) for part in parts] for name in parts[0]}
        outputs.append({name: joined(a, step, size) for name, a in arrays.items()})
    return outputs


def taken(nest, rows):
    return tf.nest.map_structure(lambda a: tf.constant(a[rows]), nest)


def joined(parts, step, size):
    """`size` rows from batches of `step`; an output without a batch axis is taken for the same in all of them."""
    return np.concatenate(parts)[:size] if parts[0].shape[:1] == (step,) else parts[0]


def largest_error(expected, received, tolerance):
    """The largest relative error over all outputs, `max |expected - received| / max |expected|`; raises above `tolerance`."""
    worst = 0.0
    for name in expected[0]:
        refuse_other_form(name, expected[0], received[0])
        a = np.stack([outputs[name] for outputs in expected]).astype("float64")
        b = np.stack([outputs[name] for outputs in received]).astype("float64")
        refuse_nan(name, a, b)
        with np.errstate(invalid="ignore"):
            difference = np.where(a == b, 0.0, np.abs(a - b))  # equal infinities too
        scale: float = np.max(np.abs(a), where=np.isfinite(a), initial=0.0)
        error = float(np.max(difference)) / scale if scale else float(np.max(difference) > 0)
        if error > tolerance:
            per_input = difference.reshape(len(a), -1).max(1)
            raise ValueError(
                f"to_tflite: the .tflite differs from the Keras model, so no file was written. Output {name!r}: relative "
                f"error {error:.3g}, above tolerance={tolerance:g} (largest difference {per_input.max():.3g} on input "
                f"{int(per_input.argmax()) + 1} of {len(a)}, largest value {scale:.3g}). If random inputs are unlike the "
                "model's data, give representative_data; if the error is small enough for you, a larger tolerance."
            )
        worst = max(worst, error)
    return float(worst)


def refuse_other_form(name, expected, received):
    """Shapes that broadcast would compare as equal."""
    if sorted(expected) != sorted(received):
        raise ValueError(
            f"to_tflite: the .tflite has the outputs {sorted(received)} and the Keras model {sorted(expected)}, so no file "
            "was written. The converter lost some; look for outputs that are the same tensor."
        )
    if np.shape(expected[name]) != np.shape(received[name]):
        raise ValueError(
            f"to_tflite: Output {name!r} has shape {np.shape(received[name])} in the .tflite and {np.shape(expected[name])} "
            "in the Keras model, so no file was written. Look for a layer whose output shape depends on the batch size."
        )


def refuse_nan(name, expected, received):
    where = "the Keras model" if np.isnan(expected).any() else "the .tflite" if np.isnan(received).any() else None
    if where:
        raise ValueError(
            f"to_tflite: {where} gives NaN in output {name!r}, so no file was written. If the model is not made for random "
            "inputs, give representative_data; otherwise look for the layer that makes the NaN."
        )
