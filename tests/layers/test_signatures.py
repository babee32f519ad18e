"""Shared arguments have the names, the order and the defaults of Keras' own layer; ours come after them."""

import inspect

import pytest

from tfdynconv.testing import ALL_LAYERS

NEWER_IN_KERAS = {"lora_rank", "lora_alpha", "quantization_config"}
MIXTURE = {"num_kernels": 4, "routing": "softmax", "lowering": "auto"}
EXPERTS = {"num_experts": 8, "routing": "sigmoid", "lowering": "auto"}
ATTENTION = {
    "num_kernels": 4,
    "reduction_ratio": 0.25,
    "hidden_units": None,
    "temperature": 30.0,
    "routing": "softmax",
    "lowering": "auto",
}
OMNI = {
    "num_kernels": 1,
    "reduction_ratio": 1 / 16,
    "min_hidden": 16,
    "temperature": 1.0,
    "attention_norm": "batch",
    "routing": "attention",
    "lowering": "auto",
}
REGIONS = {
    "num_regions": 8,
    "generator": "pooled",
    "num_basis": 8,
    "guide": "conv",
    "guide_kernel_size": None,
    "beta": 1.0,
    "use_alpha": False,
    "lowering": "auto",
}
EXTRA = {
    "DRConv2D": REGIONS,
    **dict.fromkeys(("MixtureConv1D", "MixtureConv2D", "MixtureConv3D"), MIXTURE),
    **dict.fromkeys(("CondConv1D", "CondConv2D", "CondConv3D", "CondConv2DTranspose", "DepthwiseCondConv2D"), EXPERTS),
    "CondDense": {"num_experts": 8, "routing": "sigmoid"},
    **dict.fromkeys(("DynamicConv1D", "DynamicConv2D", "DynamicConv3D"), ATTENTION),
    **dict.fromkeys(
        ("DyNetConv2D", "DepthwiseDyNetConv2D"),
        {"group_size": 6, "mixing": "auto", "routing": "sigmoid", "lowering": "auto"},
    ),
    **dict.fromkeys(("ODConv1D", "ODConv2D", "ODConv3D"), OMNI),
    **dict.fromkeys(("DynamicConv2DTranspose", "DepthwiseDynamicConv2D"), ATTENTION),
    "VersatileConv2D": {
        "direction": "spatial",
        "combine": "concat",
        "num_masks": None,
        "shared_masks": False,
        "channel_window": None,
        "channel_stride": 1,
        "channel_filter": "sliding",
        "mask_regularizer": None,
    },
}


def arguments(layer):
    parameters = inspect.signature(layer.__init__).parameters.values()
    wanted = [p for p in parameters if p.name != "self" and p.kind is p.POSITIONAL_OR_KEYWORD]
    return {p.name: p.default for p in wanted if p.name not in NEWER_IN_KERAS}


def plain(name, default):
    """`(1, 1)` says the same as 1; Keras 2 writes out the default of a 1-D `data_format`."""
    if isinstance(default, tuple) and len(set(default)) == 1:
        return default[0]
    return None if name == "data_format" else default


@pytest.mark.parametrize("case", ALL_LAYERS, ids=str)
def test_as_in_keras(case):
    ours, keras = arguments(case.layer), arguments(case.twin)
    assert list(ours)[: len(keras)] == list(keras)
    for name, default in keras.items():
        assert plain(name, ours[name]) == plain(name, default), name


@pytest.mark.parametrize("case", ALL_LAYERS, ids=str)
def test_our_own_arguments(case):
    ours = arguments(case.layer)
    own = {name: ours[name] for name in list(ours)[len(arguments(case.twin)) :]}
    assert own == EXTRA[str(case)]
    assert list(own) == list(EXTRA[str(case)])
