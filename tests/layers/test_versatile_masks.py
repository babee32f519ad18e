"""Learned masks in training: clipped proxies, masks that differ, the loss that keeps them apart; bad arguments."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from tfdynconv import VersatileConv2D
from tfdynconv.training import MaskOrthogonality

X = np.random.default_rng(0).normal(size=[32, 6, 6, 3]).astype("float32")
SHARED = pytest.mark.parametrize("shared", [False, True])


def learned(filters=8, num_masks=4, **more):
    return VersatileConv2D(filters, 3, direction="learned", num_masks=num_masks, **more)


def built(**more):
    layer = learned(**more)
    layer.build((None, 6, 6, 3))
    return layer


def proxies(layer):
    return np.asarray(layer.secondary.proxy)


def masks(layer):
    return proxies(layer) > 0.5


@pytest.mark.parametrize("shared, sets", [(False, 2), (True, 1)])
def test_one_set_for_each_primary_filter_unless_shared(shared, sets):
    layer = built(shared_masks=shared)
    assert layer.kernel.shape[-1] == 2
    assert proxies(layer).shape == (3, 3, 3, 4 * sets)


def test_proxies_start_evenly_in_the_unit_interval():
    values = proxies(built(filters=256))
    assert 0 <= values.min() < 0.01 and 0.99 < values.max() <= 1
    assert abs(values.mean() - 0.5) < 0.02 and abs(values.var() - 1 / 12) < 0.01


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_proxies_stay_in_the_unit_interval(optimizer):
    """Steps so large that most would leave it; those that stop at its ends come back, so masks go on changing."""
    layer = learned(shared_masks=True, mask_regularizer=MaskOrthogonality(0.1))
    model = keras.Sequential([keras.Input(X.shape[1:]), layer, keras.layers.GlobalAveragePooling2D()])
    rate = {"sgd": 3.0, "adam": 0.3}[optimizer]
    model.compile(keras.optimizers.get({"class_name": optimizer, "config": {"learning_rate": rate}}), "mse")
    seen = [masks(layer)]
    for _ in range(4):
        model.fit(X, np.ones([len(X), 8], "float32"), batch_size=8, verbose=0)
        assert 0 <= proxies(layer).min() and proxies(layer).max() <= 1
        seen.append(masks(layer))
    assert np.any(proxies(layer) == 0) or np.any(proxies(layer) == 1), "no step was clipped: the test sees nothing"
    assert np.any(seen[-1] != seen[0])


@SHARED
def test_masks_end_up_different_from_one_another(shared):
    layer = learned(shared_masks=shared, mask_regularizer=MaskOrthogonality(0.01))
    model = keras.Sequential([keras.Input(X.shape[1:]), layer, keras.layers.GlobalAveragePooling2D()])
    model.compile(keras.optimizers.Adam(0.02), "mse")
    model.fit(X, X[:, :1, 0, :1] * np.arange(8), epochs=4, batch_size=8, verbose=0)
    columns = np.split(masks(layer), 4, -1)
    for i, one in enumerate(columns):
        assert all(np.any(one != other) for other in columns[:i])


def sets(layer):
    """`P [entries, masks]` of each set, by loops."""
    binary, count = masks(layer).astype("float64"), layer.secondary.num_masks
    each = binary.shape[-1] // count
    for i in range(each):
        yield np.stack([binary[..., j * each + i].ravel() for j in range(count)], -1)


@SHARED
def test_regularizer_sees_the_masks(shared):
    """Its value and its gradient, `2 a^2 P P^T P - 2 a P` straight through to the proxies."""
    layer = built(shared_masks=shared, mask_regularizer=MaskOrthogonality(0.5), dtype="float64")
    with tf.GradientTape() as tape:
        (loss,) = layer.losses
    gradient = tape.gradient(loss, layer.trainable_weights)[-1].numpy()
    a, value, wanted = 1 / 27, 0, []
    for p in sets(layer):
        value += 0.25 * np.linalg.norm(a * p.T @ p - np.eye(4), "fro") ** 2
        wanted.append(0.5 * (2 * a**2 * p @ p.T @ p - 2 * a * p))
    np.testing.assert_allclose(float(loss), value, rtol=1e-12)
    # [sets, entries, masks] -> masks outermost in the last axis
    wanted = np.transpose(np.stack(wanted), (1, 2, 0)).reshape(gradient.shape)
    np.testing.assert_allclose(gradient, wanted, rtol=1e-11, atol=1e-14)


def test_regularizer_counts_once_however_often_the_layer_is_called():
    layer = built(mask_regularizer=MaskOrthogonality(1.0))
    inputs = keras.Input([6, 6, 3])
    model = keras.Model(inputs, layer(inputs) + layer(2 * inputs))
    assert len(model.losses) == 1


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_does_not_flip_masks(policy):
    """A proxy next to 0.5 is on its own side of it, whatever the layer computes in."""
    layer = built(dtype=policy, combine="sum", num_masks=1, use_bias=False)
    layer.kernel.assign(np.ones(layer.kernel.shape))
    above = np.random.default_rng(0).uniform(size=proxies(layer).shape) > 0.5
    layer.secondary.proxy.assign(np.where(above, 0.500001, 0.5))
    outputs = np.asarray(tf.cast(layer(tf.ones([1, 3, 3, 3])), "float32")).ravel()
    assert outputs.tolist() == above.sum((0, 1, 2)).tolist()


def test_a_saved_model_keeps_masks_and_regularizer(tmp_path):
    layer = learned(mask_regularizer=MaskOrthogonality(0.25))
    model = keras.Sequential([keras.Input(X.shape[1:]), layer])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(proxies(loaded.layers[-1]), proxies(layer))
    assert loaded.layers[-1].masks["mask_regularizer"].weight == 0.25
    np.testing.assert_allclose(float(loaded.losses[0]), float(model.losses[0]), rtol=1e-6)


DIVISIBLE = "`filters` must be divisible by the {} output channels of each .*Received: filters={}.*multiple of {}"
ARGUMENTS = [
    ({"filters": 64, "kernel_size": 5}, DIVISIBLE.format(3, 64, 3)),
    ({"groups": 4}, DIVISIBLE.format(2, 12, 8)),
    ({"direction": "learned", "num_masks": 5}, DIVISIBLE.format(5, 12, 5)),
    ({"direction": "both"}, "`direction` must be one of spatial, channel, learned. Received: direction='both'"),
    ({"combine": "mean"}, "`combine` must be one of concat, sum. Received: combine='mean'"),
    (
        {"channel_window": 2, "channel_filter": "own"},
        "`channel_filter` must be one of sliding, masked. Received: .*'own'",
    ),
    ({"direction": "channel"}, "direction='channel' needs `channel_window`.*Received: channel_window=None"),
    ({"channel_window": 0}, "`channel_window` must be a positive int. Received: channel_window=0"),
    ({"channel_window": 2, "channel_stride": 0}, "`channel_stride` must be a positive int. Received: channel_stride=0"),
    (
        {"channel_window": 2, "groups": 2},
        "`channel_window` is defined over all .*groups=2, channel_window=2. Set groups=1",
    ),
    ({"channel_stride": 2}, "`channel_stride` only with a `channel_window`. Received: .*channel_stride=2"),
    ({"num_masks": 2}, "`num_masks` only for direction 'learned'. Received: direction='spatial', num_masks=2"),
    ({"shared_masks": True}, "`shared_masks` only for direction 'learned'"),
    ({"mask_regularizer": "l1"}, "`mask_regularizer` only for direction 'learned'"),
    ({"direction": "learned", "channel_window": 2}, "`channel_window` only for direction 'spatial' and 'channel'"),
    ({"direction": "learned", "num_masks": 0}, "`num_masks` must be a positive int. Received: num_masks=0"),
]


@pytest.mark.parametrize("arguments, message", ARGUMENTS, ids=lambda v: str(v) if isinstance(v, dict) else "")
def test_arguments(arguments, message):
    with pytest.raises(ValueError, match=f"VersatileConv2D '.*': {message}"):
        VersatileConv2D(**{"filters": 12, "kernel_size": 3, **arguments})


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            {"channel_window": 7},
            "the input's channels must be `channel_window` and a multiple .*Received: 6 channels, .*=7",
        ),
        (
            {"channel_window": 3, "channel_stride": 2},
            "Received: 6 channels, channel_window=3, channel_stride=2. Change",
        ),
        ({"channel_window": 5, "filters": 14}, DIVISIBLE.format(4, 14, 4)),
    ],
)
def test_channels_that_windows_do_not_fit(arguments, message):
    with pytest.raises(ValueError, match=message):
        tfdynconv.VersatileConv2D(**{"filters": 12, "kernel_size": 3, **arguments}).build((None, 8, 8, 6))
