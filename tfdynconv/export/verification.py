"""Compare a .tflite with the Keras model that it came from, on several inputs through one interpreter."""

import json
import os

import numpy as np
import tensorflow as tf

from tfdynconv.export import child
from tfdynconv.export.signature import fixed_batch, name_outputs


def run_tflite(model_file, specs, inputs, scratch):
    """(for each input a dict of outputs, how often each op occurs), from a LiteRT interpreter in a process of its own."""
    given, answered = os.path.join(scratch, "inputs.npz"), os.path.join(scratch, "outputs.npz")
    write_inputs(given, specs, inputs)
    try:
        ops = json.loads(child.run("worker_run.py", model_file, given, answered))
    except child.ChildError as error:
        raise ValueError(
            f"to_tflite: the converted model does not run in LiteRT, so no file was written. The interpreter said {error}"
        ) from error
    outputs = [{} for _ in inputs]
    with np.load(answered) as results:
        for key in results:
            index, name = key.split("/", 1)
            outputs[int(index)][name] = results[key]
    return outputs, ops


def write_inputs(path, specs, inputs):
    """Inputs for a worker: an array `"i/name"` for input `name` of run i."""
    names = [spec.name for spec in tf.nest.flatten(specs)]
    arrays = {f"{i}/{name}": a for i, nest in enumerate(inputs) for name, a in zip(names, tf.nest.flatten(nest))}
    np.savez(path, **arrays)


def run_keras(model, inputs):
    """For each input a dict of outputs, from the model itself, computed eagerly, in the batch size it was built for."""
    batch = fixed_batch(model)
    outputs = []
    for nest in inputs:
        size = len(tf.nest.flatten(nest)[0])
        rows = np.arange(-(-size // batch) * batch if batch else size) % size
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
        scale = np.max(np.abs(a), where=np.isfinite(a), initial=0.0)
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
