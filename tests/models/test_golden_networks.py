"""Networks of published modules: every tensor by name and shape, and what the modules cost, measured with hooks."""

import math

import pytest

from tests.models import networks
from tfdynconv import models
from tfdynconv.layers import ODConv2D
from tfdynconv.models.published_names import published_names

QUICK = {"tf_efficientnet_cc_b0_4e", *(name for name in networks.PUBLISHED if name.startswith("od_"))}


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in networks.PUBLISHED]
)
def test_network(name):
    model, wanted = networks.published(name), networks.golden(name)
    has_published_tensors(model, wanted)
    costs_what_was_measured(model, wanted)


def has_published_tensors(model, wanted):
    found = {key: tensor.shape for key, tensor in published_names(model).items()}
    running = [shape for key, shape in found.items() if key.endswith(("running_mean", "running_var"))]
    assert {k: s for k, s in found.items() if "running_" not in k} == {k: tuple(s) for k, s in wanted["parameters"]}
    assert sum(size for (size,) in running) == wanted["running_statistics_count"]


def costs_what_was_measured(model, wanted):
    parameters, adds = models.cost(model)
    measured, taps = wanted["madds_at_224"], 0
    for layer in model.layers:  # products of the attentions of taps and kernels, which the hooks leave out
        if isinstance(layer, ODConv2D) and layer.num_kernels > 1 and layer.kernel_size != (1, 1):
            taps += layer.num_kernels * math.prod(layer.kernel_size)
    assert parameters == wanted["parameter_count"]
    assert adds == measured["madds_total"] + measured["odconv_feature_scaling"] + taps
