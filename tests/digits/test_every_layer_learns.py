"""Every layer learns scikit-learn's digits, and what it learns with does its work (`make digits` has the full sweep)."""

import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from benchmarks.digits.network import layers
from benchmarks.digits.training import digits_trainer, folds
from tfdynconv.layers.walk import walk
from tfdynconv.ops import binarize


@pytest.mark.parametrize("name", layers())
def test_learns_the_digits(name):
    trainer = digits_trainer(name, layers()[name], epochs=12)
    assert trainer.train(0, folds(1)[0]) >= 0.9
    for layer in walk(trainer.model):
        if hasattr(layer, "temperature"):
            assert float(layer.temperature.numpy()) == float(layer.final_temperature.numpy())
    if name in CHECKS:
        CHECKS[name](trainer)


def guide_uses_more_than_one_region(trainer):
    seen = tf.convert_to_tensor(trainer.images[:64])
    for layer in trainer.model.layers:
        if isinstance(layer, tfdynconv.DRConv2D):
            shares = np.bincount(np.argmax(layer.guide(seen), -1).ravel(), minlength=layer.num_regions)
            assert np.max(shares) < 0.95 * np.sum(shares)
        seen = layer(seen)


def masks_differ(trainer):
    """No mask of a primary filter is another one's copy: they disagree on a tenth of the entries at least."""
    for layer in walk(trainer.model):
        if isinstance(layer, tfdynconv.VersatileConv2D):
            masks = np.stack(tf.split(binarize(tf.convert_to_tensor(layer.secondary.proxy)), 4, -1))
            for i in range(4):
                for j in range(i):
                    assert np.mean(masks[i] != masks[j], axis=(0, 1, 2)).min() > 0.1


CHECKS = {"DRConv2D": guide_uses_more_than_one_region, "VersatileConv2D, learned masks": masks_differ}
