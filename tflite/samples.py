"""Inputs for a model of any kind from .npy and .npz files."""

import zipfile

import numpy as np

from failure import Failure


def load(path):
    """An array from .npy, a dict of arrays from .npz."""
    try:
        loaded = np.load(path, allow_pickle=False)
        return loaded if isinstance(loaded, np.ndarray) else {name: loaded[name] for name in loaded}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise Failure(f"cannot read an array from {path!r}: {error}") from None


def read(model, path):
    """A list of inputs by name: from .npy for a model of one input, else from .npz with an array for each input's name."""
    loaded = load(path)
    if not isinstance(loaded, dict):
        if len(model.inputs) > 1:
            raise Failure(
                f"{path!r} has one array, the model the inputs {list(model.inputs)}. Give an .npz with these names."
            )
        loaded = {next(iter(model.inputs)): loaded}
    if set(loaded) != set(model.inputs):
        raise Failure(f"{path!r} must have arrays named {sorted(model.inputs)}. Received: {sorted(loaded)}.")
    batches = {name: cut(model.inputs[name], array) for name, array in loaded.items()}
    lengths = {name: len(found) for name, found in batches.items()}
    if len(set(lengths.values())) > 1:
        raise Failure(f"the arrays of {path!r} hold different numbers of inputs: {lengths}.")
    return [dict(zip(batches, arrays)) for arrays in zip(*batches.values())]


def cut(tensor, array):
    """Batches of the input's size from an array of one sample, without its batch axis, or of many."""
    if tensor.takes((1, *array.shape)):
        array = array[np.newaxis]
    batch = max(tensor.shape[0], 1) if tensor.shape else 1
    if not tensor.shape or array.ndim != len(tensor.shape) or len(array) == 0 or len(array) % batch:
        raise Failure(
            f"input {tensor.name!r} has shape {tensor.shape}; give one sample, or a whole number of batches on the first "
            f"axis. Received: an array of shape {array.shape}."
        )
    return [array[i : i + batch] for i in range(0, len(array), batch)]
