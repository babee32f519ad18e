"""ODConv: attentions that do not exist, a batch of one, gates on maps or kernels, and cost."""

import numpy as np
import pytest
import tensorflow as tf

from tests.modes import in_mode
from tests.oracles import Convolution
from tfdynconv import ODConv2D
from tfdynconv.ops import attention_conv, plan
from tfdynconv.ops.lowerings.taps import WeightedTaps
from tfdynconv.routing.vector_norm import VectorBatchNormalization


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).uniform(0.2, 1.0, size=shape)


EXISTING = [
    ({"kernel_size": 3, "num_kernels": 4}, ("channel", "filter", "spatial", "kernel")),
    ({"kernel_size": 3}, ("channel", "filter", "spatial")),
    ({"kernel_size": 1, "num_kernels": 4}, ("channel", "filter", "kernel")),
    ({"kernel_size": 1}, ("channel", "filter")),
    ({"kernel_size": 3, "groups": 8}, ("channel", "spatial")),
    ({"kernel_size": 3, "groups": 2}, ("channel", "filter", "spatial")),
]


@pytest.mark.parametrize("arguments, names", EXISTING, ids=str)
def test_attentions_that_exist(arguments, names):
    layer = ODConv2D(8, **arguments)
    layer.build((None, 6, 6, 8))
    assert set(layer.routing(numbers(2, 6, 6, 8).astype("float32"))) == set(names)


SIZES = {"maps smaller": (3, 3), "kernel smaller": (40, 40)}


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("left_out", [(), ("spatial",), ("channel", "filter"), ("filter",)], ids=str)
@pytest.mark.parametrize("groups, filters", [(1, 6), (2, 6), (4, 8)])
def test_by_the_definition(size, left_out, groups, filters):
    """Wherever the gates are applied."""
    x, bank = numbers(2, *size, 4), numbers(3, 3, 3, 4 // groups, filters, seed=1)
    sizes = {"spatial": 9, "channel": 4, "filter": filters, "kernel": 3}
    every = {name: numbers(2, n, seed=i) for i, (name, n) in enumerate(sizes.items())}
    given = {name: value for name, value in every.items() if name not in left_out}
    s, p, q, a = (given.get(name, np.ones((2, n))) for name, n in sizes.items())
    kernels = np.einsum("bi,ihwcf->bhwcf", a, bank) * s.reshape(2, 3, 3, 1, 1) * q.reshape(2, 1, 1, 1, -1)
    wanted = Convolution(size, (3, 3), padding="same", groups=groups).forward(x * p.reshape(2, 1, 1, 4), kernels)
    for shape in ([2, *x.shape[1:]], [None, None, None, 4]):
        run = tf.function(
            lambda x: attention_conv(x, bank, given, padding="same", groups=groups),
            input_signature=[tf.TensorSpec(shape, tf.float64)],
            autograph=False,
        )
        np.testing.assert_allclose(run(x), wanted, rtol=1e-10)


@pytest.mark.parametrize("left_out", [(), ("kernel",), ("channel", "filter")], ids=str)
def test_large_kernels_a_tap_at_a_time(left_out, mode, monkeypatch):
    """Outputs and all gradients as with the kernels of the whole batch, and that a tap at a time is what runs."""
    given = {"spatial": 9, "channel": 4, "filter": 6, "kernel": 3}
    given = {name: tf.constant(numbers(2, n, seed=n)) for name, n in given.items() if name not in left_out}
    bank = tf.constant(numbers(3 if "kernel" in given else 1, 3, 3, 4, 6, seed=1))
    used = []

    def run(x, bank, given):
        with tf.GradientTape() as tape:
            tape.watch([x, bank, given])
            y = attention_conv(x, bank, given, padding="same", strides=2)
            loss = tf.reduce_sum(y**3)
        return y, tape.gradient(loss, [x, bank, given])

    wanted = run(tf.constant(numbers(2, 3, 2, 4)), bank, given)
    assert not used
    monkeypatch.setattr(plan, "samples_a_chunk", lambda bank: 1)
    gathered = WeightedTaps.gathered
    monkeypatch.setattr(WeightedTaps, "gathered", lambda self, grads: used.append(1) or gathered(self, grads))
    got = in_mode(run, mode)(tf.constant(numbers(2, 3, 2, 4)), bank, given)
    assert used
    tf.nest.map_structure(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-10), got, wanted)


def test_one_pointwise_kernel_is_one_convolution_for_the_batch():
    """No op of the graph has a kernel for each sample: the only products are two dense heads and the convolution."""
    layer = ODConv2D(8, 1)
    layer.build((None, 6, 6, 8))
    graph = tf.function(layer, autograph=False).get_concrete_function(tf.TensorSpec([None, 6, 6, 8])).graph
    kinds = [op.type for op in graph.get_operations()]
    assert kinds.count("Conv2D") == 1
    assert not {"MapDefun", "BatchMatMulV2", "Case", "StatelessCase"} & set(kinds)


def test_a_batch_of_one_is_normalised_with_the_running_statistics():
    norm = VectorBatchNormalization(dtype="float64")
    norm.build((None, 5))
    x, y = numbers(1, 5), numbers(1, 5, seed=1)
    first, second = norm(x, training=True).numpy(), norm(y, training=True).numpy()
    np.testing.assert_allclose(first, x / np.sqrt(1 + 1e-5), rtol=1e-12)
    mean, variance = 0.1 * x[0], 0.9 + 0.1 * x[0] ** 2
    np.testing.assert_allclose(second, (y - mean) / np.sqrt(variance + 1e-5), rtol=1e-12)
    np.testing.assert_allclose(norm.moving_mean, 0.9 * mean + 0.1 * y[0], rtol=1e-12)
    np.testing.assert_allclose(norm.moving_variance, 0.9 * variance + 0.1 * (y[0] - mean) ** 2, rtol=1e-12)


def test_an_empty_batch_moves_no_statistics():
    norm = VectorBatchNormalization()
    norm.build((None, 5))
    norm(np.zeros([0, 5], "float32"), training=True)
    assert np.array_equal(norm.moving_mean, np.zeros(5)) and np.array_equal(norm.moving_variance, np.ones(5))


PUBLISHED = [((24, 40, 3, 4), 36_285), ((24, 40, 3, 1), 10_297), ((24, 40, 1, 4), 5_412), ((24, 40, 1, 1), 2_464)]


@pytest.mark.parametrize("arguments, parameters", PUBLISHED, ids=str)
def test_parameters_are_the_published_ones(arguments, parameters):
    channels, filters, kernel_size, num_kernels = arguments
    layer = ODConv2D(filters, kernel_size, padding="same", num_kernels=num_kernels, use_bias=False)
    layer.build((None, 8, 8, channels))
    built = sum(int(np.prod(w.shape)) for w in layer.trainable_weights)
    assert layer.cost((None, 8, 8, channels))[0] == built == parameters


def test_parameters_of_a_depthwise_one():
    layer = ODConv2D(24, 3, groups=24, num_kernels=4, use_bias=False)
    assert layer.cost((None, 8, 8, 24))[0] == 1_909


def test_multiply_adds():
    """`Ho Wo w + H W ci + Ho Wo co + h (2 ci + co + k k + n) + n w + n k k`, with trunk and channel head in `2 ci`."""
    _, multiply_adds = ODConv2D(40, 3, padding="same", strides=2, num_kernels=4).cost((None, 8, 8, 24))
    w, h = 9 * 24 * 40, 16
    assert multiply_adds == 16 * w + 64 * 24 + 16 * 40 + h * (2 * 24 + 40 + 9 + 4) + 4 * w + 4 * 9


BAD = [
    (lambda: ODConv2D(8, 3, attention_norm="group"), "ODConvRouting: `norm` must be one of .* Received: norm='group'"),
    (lambda: ODConv2D(8, 3, temperature=0), "`temperature` must be a positive number. Received: temperature=0"),
    (lambda: ODConv2D(8, 3, min_hidden=0), "`min_hidden` a positive int"),
    (lambda: ODConv2D(8, 3, num_kernels=0), "ODConv2D '.*': `num_kernels` must be a positive int"),
    (lambda: ODConv2D(8, 3, lowering="features"), "unknown lowering"),
    (lambda: ODConv2D(8, 3)(tf.zeros([2, 6, 6, 4]), tf.zeros([2, 4])), "its coefficients are a dict of attentions"),
    (lambda: ODConv2D(8, 3)(tf.zeros([2, 6, 6, 4]), {"taps": tf.zeros([2, 9])}), r"keys among .* Received: \['taps'\]"),
    (
        lambda: ODConv2D(8, 3)(tf.zeros([2, 6, 6, 4]), {"spatial": tf.zeros([2, 8])}),
        r"attention 'spatial': expected coefficients of shape \[batch, 9\]",
    ),
    (
        lambda: ODConv2D(8, 3, num_kernels=2)(tf.zeros([2, 6, 6, 4]), {}),
        "without a kernel attention the bank must hold one",
    ),
]


@pytest.mark.parametrize("make, message", BAD, ids=[message[:40] for _, message in BAD])
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
