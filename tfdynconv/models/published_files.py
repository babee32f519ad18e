"""Files of published weights, read to `{name: NumPy array}`. A pickle is never executed."""

import os
import pickle

import numpy as np

TORCH_ENDINGS = (".pth", ".pth.tar", ".pt", ".bin")
ENDINGS = (".safetensors", *TORCH_ENDINGS)
NESTED = ("state_dict", "model")  # under which training scripts keep the weights
HUB = "timm/"


def read(path):
    """The arrays of a file, or of a repository of the hub, `"timm/NAME"`.

    Raises:
        ValueError: an unknown ending; a file that is truncated or no such file inside.
        FileNotFoundError: there is no such file.
        ImportError: the library that reads it is not installed.
    """
    path = os.fspath(path)
    if path.startswith(HUB) and not os.path.exists(path):
        path = download(path)
    if not path.endswith(ENDINGS):
        raise ValueError(
            f"tfdynconv.models.load_published: expected a file ending in one of {ENDINGS}, or 'timm/NAME'. Received: {path!r}."
        )
    if not os.path.isfile(path):
        raise FileNotFoundError(f"tfdynconv.models.load_published: there is no file {path!r}.")
    return safetensors_file(path) if path.endswith(".safetensors") else torch_file(path)


def safetensors_file(path):
    try:
        import safetensors
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(missing("safetensors", "weights", path)) from error
    try:
        state = safetensors.numpy.load_file(path)
    except (safetensors.SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ValueError(unreadable(path, error)) from error
    return weights_of(state, path)


def torch_file(path):
    try:
        import torch
    except ImportError as error:
        raise ImportError(missing("torch", "peers", path)) from error
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, OSError) as error:
        raise ValueError(unreadable(path, error)) from error
    return weights_of(state, path)


def weights_of(state, path):
    """The names and arrays in what a training script saved: taken out of its dict, and of DataParallel's "module."."""
    for name in NESTED:
        if isinstance(state, dict) and isinstance(state.get(name), dict):
            state = state[name]
    if not isinstance(state, dict):
        raise ValueError(unreadable(path, f"it holds a {type(state).__name__}, not names with tensors"))
    if state and all(str(name).startswith("module.") for name in state):
        state = {name.removeprefix("module."): tensor for name, tensor in state.items()}
    try:
        return {name: array(tensor) for name, tensor in state.items()}
    except ValueError as error:  # lists of unequal length
        raise ValueError(unreadable(path, error)) from error


def array(tensor):
    """NumPy's form of an array or a PyTorch tensor; 16 bits become 32."""
    if hasattr(tensor, "detach"):
        tensor = tensor.detach().cpu().float()
    return np.asarray(tensor)


def download(name):
    try:
        import huggingface_hub
    except ImportError as error:
        raise ImportError(missing("huggingface_hub", "hub", name)) from error
    repository = name if "." in name else f"{name}.in1k"  # timm's mark for weights trained on ImageNet-1k alone
    try:
        return huggingface_hub.hf_hub_download(repository, "model.safetensors")
    except (OSError, ValueError) as error:  # no connection, no such repository; no name that one could have
        raise ValueError(
            f"tfdynconv.models.load_published: {repository!r} cannot be downloaded: {' '.join(str(error).split())[:300]}. "
            "Check the name and the connection, or download model.safetensors by hand and give its path."
        ) from error


def missing(library, extra, path):
    return (
        f"tfdynconv.models.load_published: {path!r} needs the library {library}, which is not installed. Install it: "
        f"pip install 'tfdynconv[{extra}]'."
    )


def unreadable(path, reason):
    return (
        f"tfdynconv.models.load_published: {path!r} cannot be read as weights: {' '.join(str(reason).split())[:300]}. The file "
        "may be cut off or of another kind; the model is unchanged."
    )
