"""Networks under test, by name."""

import json
import pathlib

import numpy as np

from tfdynconv import models
from tfdynconv.layers.base_mixture import BaseMixture
from tfdynconv.models.catalogue import late_stages
from tfdynconv.routing import Routing

GOLDEN = pathlib.Path(__file__).parent.parent / "golden" / "networks"
PUBLISHED = sorted(path.stem for path in GOLDEN.glob("*_*.json"))


def golden(name):
    """What is known of a published network."""
    return json.loads((GOLDEN / f"{name}.json").read_text())


def published(name, **arguments):
    """The network of a golden file."""
    if name.startswith("tf_efficientnet_cc"):
        *_, size, experts = name.split("_")
        condconv = models.condconv(late_stages, int(experts.rstrip("e")))
        return models.efficientnet(condconv, depth={"b0": 1.0, "b1": 1.1}[size], **arguments)
    _, network, *width, kernels = name.split("_")
    omni = models.odconv(int(kernels.lstrip("n")))
    if network == "mobilenetv2":
        return models.mobilenet_v2(omni, width=int(width[0]) / 100, **arguments)
    return models.resnet(int(network.removeprefix("resnet")), omni, **arguments)


def pooling(model):
    """Additions of the means that routings take, which `cost` leaves out and the published rules count."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, Routing) or (isinstance(layer, BaseMixture) and layer.routing is not None):
            tensors = layer.input
            shape = (tensors[0] if isinstance(tensors, (list, tuple)) else tensors).shape
            total += int(np.prod(shape[1:])) if len(shape) == 4 else 0
    return total
