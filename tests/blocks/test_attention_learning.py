"""What the harness leaves out of blocks that have biases under batch normalisations: that all else learns."""

import numpy as np
import tensorflow as tf

from tfdynconv import blocks
from tfdynconv.testing.case import redraw
from tfdynconv.testing.compare import NOISE
from tfdynconv.testing.execution import outputs_and_gradients


def gradients(block):
    """`{id of a weight: its largest gradient}`, in training."""
    x = tf.constant(np.random.default_rng(0).normal(size=(4, 7, 6, 4)).astype("float32"))
    block.build((None, 7, 6, 4))
    redraw(block)
    found = outputs_and_gradients(block, x)[2:]
    return {id(weight): float(np.abs(g).max()) for weight, g in zip(block.trainable_weights, found)}


def test_of_split_attention_all_but_biases_under_normalisations():
    block = blocks.SplitAttentionConv2D(4, use_bias=True, hidden_units=8)
    largest = gradients(block)
    idle = {id(block.conv.conv.bias), id(block.attention.squeeze.bias)}
    top = max(largest.values())
    assert all(largest[weight] < NOISE * top for weight in idle)
    assert all(size > NOISE * top for weight, size in largest.items() if weight not in idle)


def test_without_normalisation_the_biases_too():
    largest = gradients(blocks.SplitAttentionConv2D(4, use_bias=True, use_norm=False, hidden_units=8))
    assert min(largest.values()) > NOISE * max(largest.values())


def test_in_training_a_batch_of_one_keeps_its_attention():
    """Normalised by itself one sample would be a constant, and the weights of the branches the same for all."""
    for block in (blocks.SplitAttentionConv2D(4, hidden_units=8), blocks.SKConv2D(4, hidden_units=8)):
        block.build((None, 7, 6, 4))
        redraw(block)
        pooled = np.random.default_rng(0).normal(size=(2, 1, 4)).astype("float32")
        one, other = (block.attention(v, training=True).numpy() for v in pooled)
        assert np.abs(one - other).max() > 1e-2
