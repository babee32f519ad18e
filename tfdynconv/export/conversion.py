"""SavedModel -> .tflite, at one place, so that it can move to another converter."""

import re

from tfdynconv.export import child
from tfdynconv.export.stored_types import check_stored_types


def convert(saved_model, destination, signatures, mode=None, data=None, layers=()):
    """Write the `.tflite` of these signatures of a SavedModel, of builtin ops alone.

    In a process of its own: some versions of the converter abort instead of raising. `mode` is a `quantization.Mode`, and
    `data` for one of integer activations the `.npz` file of its representative inputs. The types in which a quantised
    file stores its weights are checked. `layers` are those of the model, of which errors name the one to blame.
    """
    quantisation = [] if mode is None else [mode.name, data] if mode.is_integer else [mode.name]
    try:
        child.run("worker_convert.py", saved_model, destination, ",".join(signatures), *quantisation)
    except child.ChildError as error:
        ops = error.unconverted_ops()
        if not ops:
            raise ValueError(f"to_tflite: the converter failed; no file was written. It said {error}") from error
        places = ", ".join(f"{op} (in {owner(where, layers)})" if where else op for op, where in ops.items())
        raise ValueError(
            f"to_tflite: these ops have no TFLite builtin, so no file was written: {places}. Replace the layer that uses "
            f"them, or leave it out of the exported model. The converter said {error}"
        ) from error
    if mode is not None:
        check_stored_types(destination, mode)


def owner(where, layers):
    """The innermost layer whose name is a part of an op's place in the graph, else the place.

    Keras 3 counts the calls of a layer on to its name: `name_1`.
    """
    named = {layer.name: layer for layer in layers}
    for part in reversed(where.split("/")):
        name = next((n for n in (re.sub(r"_\d+$", "", part), part) if n in named), None)
        if name is not None:
            return f"layer {name!r} ({type(named[name]).__name__}), at {where}"
    return where
