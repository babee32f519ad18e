"""`MaskOrthogonality` against its formula, and its gradient against the closed form, in NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdynconv.training import MaskOrthogonality

P = (np.random.default_rng(0).uniform(size=[3, 18, 4]) > 0.4).astype("float64")  # three sets


def wanted(p):
    a = 1 / p.shape[0]
    return 0.5 * np.linalg.norm(a * p.T @ p - np.eye(p.shape[1]), "fro") ** 2


def wanted_gradient(p):
    a = 1 / p.shape[0]
    return 2 * a**2 * p @ p.T @ p - 2 * a * p


def loss_and_gradient(p, weight):
    p = tf.constant(p)
    with tf.GradientTape() as tape:
        tape.watch(p)
        loss = MaskOrthogonality(weight)(p)
    return float(loss), tape.gradient(loss, p).numpy()


def test_one_set():
    loss, gradient = loss_and_gradient(P[0], 1.0)
    np.testing.assert_allclose(loss, wanted(P[0]), rtol=1e-13)
    np.testing.assert_allclose(gradient, wanted_gradient(P[0]), rtol=1e-12, atol=1e-14)


def test_sets_are_added():
    loss, gradient = loss_and_gradient(P, 0.3)
    np.testing.assert_allclose(loss, 0.3 * sum(wanted(p) for p in P), rtol=1e-13)
    np.testing.assert_allclose(gradient, 0.3 * np.stack([wanted_gradient(p) for p in P]), rtol=1e-12, atol=1e-14)


def test_dense_masks_without_overlap_are_best():
    """One mask of ones costs nothing, two halves 1/4, one half twice 1/2, two empty masks 1."""
    halves = np.kron(np.eye(2), np.ones([4, 1]))
    cases = (np.ones([8, 1]), halves, np.repeat(halves[:, :1], 2, 1), 0 * halves)
    assert [loss_and_gradient(p, 1.0)[0] for p in cases] == [0, 0.25, 0.5, 1]


def test_config():
    config = keras.saving.serialize_keras_object(MaskOrthogonality(0.25))
    assert keras.saving.deserialize_keras_object(config).weight == 0.25
    assert keras.saving.get_registered_name(MaskOrthogonality) == "tfdynconv>MaskOrthogonality"


@pytest.mark.parametrize("weight", [-1, float("nan"), float("inf"), "1", None, True], ids=str)
def test_bad_weight(weight):
    with pytest.raises(ValueError, match="MaskOrthogonality: `weight` must be a finite .*Received: weight="):
        MaskOrthogonality(weight)
