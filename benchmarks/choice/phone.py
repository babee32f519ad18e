"""On a phone: files of a single image in LiteRT, one thread, float32, as `benchmarks.phones` measures them.

What folds has a second file, of the plain layer that `surgery.fuse` makes of it.
"""

import pathlib
import re
import warnings

import keras
import numpy as np

from benchmarks.phones import ratios
from tfdynconv import export, surgery

TOLERANCE = 1e-3
KINDS = ("phone", "folded")


def kinds(entry):
    return KINDS if entry.folds() else KINDS[:1]


def path(folder, name, kind):
    return pathlib.Path(folder) / (re.sub(r"[^\w]+", "_", f"{name} {kind}") + ".tflite")


def write(entry, folder):
    """The files of an entry and of what it is held against; `{kind: reason}` of those that cannot be converted."""
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    plain = path(folder, entry.over, "plain")
    if not plain.exists():
        convert(entry.against().built(), plain)
    reasons = {}
    for kind in kinds(entry):
        target = path(folder, entry.name, kind)
        if target.exists():
            continue
        model = entry.model().built()
        try:
            convert(surgery.fuse(model, print_fn=quiet) if kind == "folded" else model, target)
        except ValueError as error:
            reasons[kind] = " ".join(str(error).split())[:200]
    keras.backend.clear_session()
    return reasons


def quiet(text):
    """For what `fuse` tells."""


def convert(model, target):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a temperature that has not come down
        export.to_tflite(model, str(target), tolerance=TOLERANCE)


def times(entry, folder, seconds):
    """`{kind: ratio}` of the files that are there."""
    files = {kind: path(folder, entry.name, kind) for kind in kinds(entry)}
    jobs = {"static": job(path(folder, entry.over, "plain"))}
    jobs |= {kind: job(file) for kind, file in files.items() if file.exists()}
    return {kind: found[1] for kind, found in ratios(jobs, seconds).items() if kind != "static"}


def job(file):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(file), num_threads=1)
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        values = np.random.default_rng(0).normal(size=detail["shape"]).astype(detail["dtype"])
        interpreter.set_tensor(detail["index"], values)
    return interpreter.invoke
