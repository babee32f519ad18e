"""`load_torch_state` takes all or nothing."""

import numpy as np
import pytest

import tfdynconv

CHANNELS, FILTERS, N = 4, 6, 3


def cond(**arguments):
    return tfdynconv.CondConv2D(FILTERS, 3, num_experts=N, **arguments)


def depthwise(**arguments):
    return tfdynconv.DepthwiseCondConv2D(3, num_experts=N, **arguments)


def dynamic(**arguments):
    return tfdynconv.DynamicConv2D(FILTERS, 3, num_kernels=N, hidden_units=2, **arguments)


STATES = {
    cond: {"weight": (N, FILTERS * CHANNELS * 9), "bias": (N, FILTERS)},
    depthwise: {"weight": (N, CHANNELS * 9), "bias": (N, CHANNELS)},
    dynamic: {
        "weight": (N, FILTERS, CHANNELS, 3, 3),
        "bias": (N, FILTERS),
        "attention.fc1.weight": (2, CHANNELS, 1, 1),
        "attention.fc2.weight": (N, 2, 1, 1),
        "attention.fc2.bias": (N,),
    },
}
EVERY = pytest.mark.parametrize("make", STATES, ids=lambda make: make.__name__)


def state_of(make, **changes):
    shapes = {**STATES[make], **changes}
    return {name: np.random.default_rng(0).normal(size=shape) for name, shape in shapes.items() if shape is not None}


def refused(layer, state, message):
    layer.build((None, 8, 8, CHANNELS))
    before = layer.get_weights()
    with pytest.raises(ValueError, match=message):
        layer.load_torch_state(state)
    for old, new in zip(before, layer.get_weights()):
        np.testing.assert_array_equal(old, new)


@EVERY
def test_a_complete_state_is_taken(make):
    layer = make()
    layer.build((None, 8, 8, CHANNELS))
    state = state_of(make)
    layer.load_torch_state(state)
    taken = np.concatenate([np.ravel(w) for w in layer.get_weights() if np.size(w) > 1])
    given = np.concatenate([np.ravel(a) for a in state.values()]).astype("float32")
    assert set(given) <= set(taken)


@EVERY
def test_a_missing_array(make):
    refused(
        make(), state_of(make, bias=None), r"load_torch_state expected .* Received: missing \['bias'\], unknown \[\]"
    )


@EVERY
def test_an_unknown_array(make):
    state = {**state_of(make), "running_mean": np.zeros(3)}
    refused(make(), state, r"unknown \['running_mean'\]. Check the layer's arguments .* \(use_bias, routing\)")


@EVERY
def test_a_bias_for_a_layer_without(make):
    refused(make(use_bias=False), state_of(make), r"unknown \['bias'\]")


@EVERY
def test_a_weight_of_the_wrong_size(make):
    state = state_of(make, weight=(N, FILTERS, CHANNELS, 5, 5))
    refused(make(), state, "load_torch_state cannot lay out 'weight'")


@EVERY
def test_a_bias_of_the_wrong_size(make):
    message = rf"expected 'bias' to become \({N}, .*Received: \({N}, 7\), which becomes \({N}, 7\)"
    refused(make(), state_of(make, bias=(N, 7)), message)


def test_the_last_array_wrong_leaves_the_first_alone():
    state = state_of(dynamic, **{"attention.fc2.bias": (N + 1,)})
    refused(dynamic(), state, "expected 'attention.fc2.bias' to become")


def test_no_attention_where_the_layer_has_none():
    state = {name: array for name, array in state_of(dynamic).items() if "attention" not in name}
    layer = dynamic(routing=None)
    layer.build((None, 8, 8, CHANNELS))
    layer.load_torch_state(state)
    refused(dynamic(routing=None), state_of(dynamic), "unknown .*attention.fc1.weight")
