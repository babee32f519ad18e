"""Published weights into the networks that they belong to."""

import dataclasses
import os

import numpy as np

from tfdynconv.layers import ODConv2D
from tfdynconv.models import published_files
from tfdynconv.models.published_names import published_names

COUNTER = ".num_batches_tracked"  # of PyTorch's batch normalisations; nothing here needs it


@dataclasses.dataclass(frozen=True)
class LoadReport:
    """What became of each tensor.

    used: names of those loaded.
    unused: names in the file that the model has no weight for.
    missing: names of the model's weights that the file has not.
    misshapen: (name, shape expected, shape received) of those that do not fit.
    counters: names of PyTorch's step counters, which nothing needs.
    """

    used: tuple
    unused: tuple
    missing: tuple
    misshapen: tuple
    counters: tuple

    @property
    def complete(self):
        """Whether every weight of the model was found and every tensor of the file used."""
        return not (self.unused or self.missing or self.misshapen)

    def __str__(self):
        shapes = [f"{name} (expected {expected}, received {received})" for name, expected, received in self.misshapen]
        parts = [f"{len(self.used)} tensors used"]
        for names, what in ((self.missing, "missing"), (self.unused, "unused"), (shapes, "of another shape")):
            if names:
                parts.append(f"{len(names)} {what}: {', '.join(names[:4])}{', ...' if len(names) > 4 else ''}")
        return "; ".join(parts)


def load_published(model, path_or_state, strict=True):
    """Load published PyTorch weights into a network of `tfdynconv.models`.

    For timm's `tf_efficientnet_cc_b0_4e`, `b0_8e` and `b1_8e` (`efficientnet` with `condconv`), OSVAI's ODConv
    checkpoints of MobileNetV2 and ResNet (`mobilenet_v2` and `resnet` with `odconv`), and torchvision's static
    MobileNetV2 and ResNets. Everything is checked before the first weight is changed. Temperatures become 1, where training
    leaves them.

    Args:
        model: built with the arguments of the published network; its layers have the published names.
        path_or_state: a `.safetensors` file (needs the library safetensors), a `.pth` file (needs torch; only tensors are
            read, a pickle is never executed), `"timm/NAME"` (downloaded with huggingface_hub), or a dict of names and arrays.
        strict: refuse unless each weight of the model and each tensor of the file has its partner; False loads what fits.

    Returns: a `LoadReport`.

    Raises:
        ValueError: a file that cannot be read or does not fit; the model is unchanged.
        FileNotFoundError: there is no such file.
        ImportError: the library that reads the file is not installed.

    >>> import numpy as np, tfdynconv
    >>> model = tfdynconv.models.resnet(18, input_shape=(32, 32, 3), classes=10)
    >>> report = tfdynconv.models.load_published(model, {"fc.bias": np.ones(10), "other": np.ones(3)}, strict=False)
    >>> report.used, report.unused, len(report.missing)
    (('fc.bias',), ('other',), 101)
    """
    if isinstance(path_or_state, (str, os.PathLike)):
        state = published_files.read(path_or_state)
    else:
        state = published_files.weights_of(path_or_state, "the state")
    wanted = published_names(model)
    report = compare(wanted, state)
    if not report.used or (strict and not report.complete):
        raise ValueError(
            f"tfdynconv.models.load_published: these weights are not those of {model.name!r}: {report}. The model is "
            "unchanged. Build it with the arguments of the published network, or pass strict=False to load what fits."
        )
    values = {name: wanted[name].convert(state[name]) for name in report.used}
    for name, value in values.items():
        wanted[name].weight.assign(value)
    for layer in model.layers:
        if isinstance(layer, ODConv2D):
            layer.routing.temperature.assign(1.0)
    return report


def compare(wanted, state):
    both = [name for name in wanted if name in state]
    fits = {name: is_number(state[name]) and state[name].shape == wanted[name].shape for name in both}
    return LoadReport(
        used=tuple(name for name in both if fits[name]),
        unused=tuple(name for name in state if name not in wanted and not name.endswith(COUNTER)),
        missing=tuple(name for name in wanted if name not in state),
        misshapen=tuple((name, wanted[name].shape, received(state[name])) for name in both if not fits[name]),
        counters=tuple(name for name in state if name.endswith(COUNTER)),
    )


def is_number(array):
    return np.issubdtype(array.dtype, np.number) or array.dtype.name == "bfloat16"


def received(array):
    return array.shape if is_number(array) else f"{array.shape} of {array.dtype}"
