"""A block of several layers against a PyTorch module: outputs, every gradient, and running statistics, by its own table of
names (the one that `load_torch_state` goes by)."""

import unittest.mock

import keras
import numpy as np

from tests import golden
from tfdynconv.layers import torch_layout
from tfdynconv.layers.walk import walk


def names(block):
    """`{name in the state dict: weight}`, as `load_torch_state` assigns them."""
    with unittest.mock.patch.object(torch_layout, "assign") as assign:
        block.load_torch_state({})
    _, _, table = assign.call_args.args
    return {name: weight for name, (weight, _) in table.items()}


def in_torch(array, shape):
    """A weight or its gradient in PyTorch's layout."""
    if np.ndim(array) == 4:
        return golden.torch_bank(array[np.newaxis], shape)
    return golden.torch_dense(array, shape) if np.ndim(array) == 2 else np.reshape(array, shape)


def loaded(block, case):
    images = case["in/x"] if block.data_format == "channels_first" else golden.channels_last(case["in/x"])
    block.build((None, *images.shape[1:]))
    block.load_torch_state({**case.group("param"), **case.group("buffer")})
    return images


def reproduces(block, case, mode):
    images = loaded(block, case)
    first = block.data_format == "channels_first"
    into, back = (np.asarray, np.asarray) if first else (golden.channels_last, golden.channels_first)
    is_training = case.meta["mode"] == "train"
    table = names(block)
    named = {f"param/{name}": weight for name, weight in table.items() if weight.trainable}
    assert len(named) == len(block.trainable_weights)
    outputs, (x, *gradients) = golden.outputs_and_gradients(
        lambda inputs: block(inputs, training=is_training),
        [images],
        into(case["R"]),
        lambda inputs: [*inputs, *named.values()],
        mode,
    )
    case.expect("out", back(outputs))
    received = {name: in_torch(g, case[name].shape) for name, g in zip(named, gradients)}
    case.expect_gradients({"in/x": back(x), **received})
    expect_statistics(block, case, is_training, outputs.shape)


def expect_statistics(block, case, is_training, shape):
    """The running means, and variances where Keras' normalisation, which keeps the biased one, agrees: not in training."""
    biased = {id(n.moving_variance) for n in walk(block) if isinstance(n, keras.layers.BatchNormalization)}
    for name, weight in names(block).items():
        if weight.trainable or (is_training and id(weight) in biased):
            continue
        case.expect(f"{'buffer_after' if is_training else 'buffer'}/{name}", weight.numpy(), atol=1e-8)
