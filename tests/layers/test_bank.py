"""Initializers, regularizers and constraints mean for each kernel of a bank what they mean in Keras' static layer."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from tfdynconv.layers.bank import EachKernelInitializer

INITIALIZERS = ["glorot_uniform", "he_normal", "lecun_uniform", "random_normal", "truncated_normal"]


def built(layer, shape=(None, 8, 8, 16)):
    layer.build(shape)
    return layer


def kernel_of(layer):
    return np.asarray(layer.get_weights()[0])


@pytest.mark.parametrize("name", INITIALIZERS)
@pytest.mark.parametrize(
    "dynamic, static, argument, shape",
    [
        (
            lambda **k: tfdynconv.CondConv2D(32, 3, **k),
            lambda **k: keras.layers.Conv2D(32, 3, **k),
            "kernel",
            (8, 8, 16),
        ),
        (
            lambda **k: tfdynconv.DepthwiseCondConv2D(7, **k),
            lambda **k: keras.layers.DepthwiseConv2D(7, **k),
            "depthwise",
            (8, 8, 64),
        ),
        (lambda **k: tfdynconv.CondDense(64, **k), lambda **k: keras.layers.Dense(64, **k), "kernel", (64,)),
        (
            lambda **k: tfdynconv.DynamicConv2D(32, 3, groups=4, **k),
            lambda **k: keras.layers.Conv2D(32, 3, groups=4, **k),
            "kernel",
            (8, 8, 16),
        ),
    ],
    ids=["conv", "depthwise", "dense", "groups"],
)
def test_each_kernel_spreads_as_that_of_the_static_layer(name, dynamic, static, argument, shape):
    bank = kernel_of(built(dynamic(**{f"{argument}_initializer": name}), (None, *shape)))
    wanted = kernel_of(built(static(**{f"{argument}_initializer": name}), (None, *shape))).std()
    np.testing.assert_allclose([kernel.std() for kernel in bank], wanted, rtol=0.1)
    assert len({kernel.tobytes() for kernel in bank}) == len(bank)


def test_an_int_seed_repeats_and_gives_each_kernel_its_own_values():
    first, second = (
        kernel_of(built(tfdynconv.CondConv2D(4, 3, kernel_initializer=keras.initializers.HeNormal(seed=7))))
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)
    assert len({kernel.tobytes() for kernel in first}) == 8


def test_other_seeds_give_other_values():
    draws = [
        kernel_of(built(tfdynconv.CondConv2D(4, 3, kernel_initializer=keras.initializers.HeNormal(seed=seed))))
        for seed in (7, 8)
    ]
    assert not set(map(bytes, draws[0])) & set(map(bytes, draws[1]))


@pytest.mark.parametrize(
    "initializer",
    [keras.initializers.Constant(2.5), lambda shape, dtype=None: tf.fill(shape, 2.5)],
    ids=["constant", "function"],
)
def test_initializers_without_a_seed(initializer):
    bank = EachKernelInitializer(initializer)((3, 2, 4), dtype="float32")
    np.testing.assert_array_equal(bank, np.full([3, 2, 4], 2.5))


def test_biases_are_drawn_for_each_kernel_too():
    initializer = keras.initializers.RandomNormal(stddev=0.5, seed=1)
    bias = built(tfdynconv.CondConv2D(400, 1, bias_initializer=initializer)).bias.numpy()
    np.testing.assert_allclose(bias.std(axis=1), 0.5, rtol=0.15)
    assert len({row.tobytes() for row in bias}) == 8


REGULARIZERS = [keras.regularizers.L1(0.1), keras.regularizers.L2(0.1), keras.regularizers.L1L2(0.1, 0.2)]


@pytest.mark.parametrize("regularizer", REGULARIZERS, ids=lambda r: type(r).__name__)
def test_the_loss_is_that_of_each_kernel(regularizer):
    layer = built(tfdynconv.CondConv2D(4, 3, kernel_regularizer=regularizer, bias_regularizer=regularizer))
    layer.bias.assign(np.random.default_rng(0).normal(size=layer.bias.shape))
    wanted = sum(float(regularizer(tf.constant(k))) for bank in (layer.kernel, layer.bias) for k in bank.numpy())
    assert sum(map(float, layer.losses)) == pytest.approx(wanted, rel=1e-5)


def test_a_regularizer_that_only_knows_matrices():
    regularizer = keras.regularizers.OrthogonalRegularizer(0.1)
    layer = built(tfdynconv.CondDense(4, kernel_regularizer=regularizer), (None, 6))
    wanted = sum(float(regularizer(tf.constant(k))) for k in layer.kernel.numpy())
    assert sum(map(float, layer.losses)) == pytest.approx(wanted, rel=1e-5)


CONSTRAINTS = [
    keras.constraints.MaxNorm(0.5, axis=[0, 1, 2]),
    keras.constraints.UnitNorm(axis=[0, 1, 2]),
    keras.constraints.NonNeg(),
    keras.constraints.MinMaxNorm(0.2, 0.5, axis=[0, 1]),
]


@pytest.mark.parametrize("constraint", CONSTRAINTS, ids=lambda c: type(c).__name__)
def test_a_training_step_leaves_each_kernel_constrained(constraint):
    layer = tfdynconv.CondConv2D(4, 3, kernel_constraint=constraint)
    model = keras.Sequential([keras.Input([5, 5, 2]), layer])
    model.compile(keras.optimizers.SGD(1.0), "mse", jit_compile=False)
    random = np.random.default_rng(0)
    model.fit(random.normal(size=(4, 5, 5, 2)), random.normal(size=(4, 3, 3, 4)), verbose=0)
    bank = layer.kernel.numpy()
    kept = [np.asarray(constraint(tf.constant(kernel))) for kernel in bank]
    np.testing.assert_allclose(bank, kept, atol=1e-5)
