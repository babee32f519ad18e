"""A trained layer becomes a dynamic one that computes the same, of every kind, with every argument."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from tests.surgery.networks import alive, assert_same, inputs_of, quiet, shares_nothing, untouched
from tfdynconv.surgery import to_dynamic

K = keras.layers
IMAGE, LINE, VOLUME = (8, 7, 4), (9, 4), (5, 4, 3, 4)


def network(*layers, shape=IMAGE):
    return alive(keras.Sequential([keras.Input(shape), *layers]))


def everything(layer):
    return True


def images():
    """A convolution with groups and strides, a depthwise one, one of 1x1."""
    return network(
        K.Conv2D(6, 3, groups=2, strides=2, padding="same", activation="relu"),
        K.DepthwiseConv2D(3, depth_multiplier=2, activation="tanh"),
        K.Conv2D(5, 1, use_bias=False),
    )


def one(*arguments, **more):
    return lambda: network(K.Conv2D(*arguments, **more))


CASES = {
    "DynamicConv2D": (images, {"num_kernels": 3}, ["DynamicConv2D", "DepthwiseDynamicConv2D", "DynamicConv2D"]),
    "CondConv2D": (images, {"num_experts": 3}, ["CondConv2D", "DepthwiseCondConv2D", "CondConv2D"]),
    "DyNetConv2D": (
        lambda: network(K.Conv2D(6, 3, dilation_rate=2), K.DepthwiseConv2D(3, depth_multiplier=2)),
        {"group_size": 3},
        ["DyNetConv2D", "DepthwiseDyNetConv2D"],
    ),
    "ODConv2D": (images, {"num_kernels": 3, "temperature": 30.0}, ["ODConv2D"] * 3),
    "ODConv2D of one kernel": (images, {}, ["ODConv2D"] * 3),
    "ODConv2D without a normalisation": (images, {"attention_norm": None, "num_kernels": 2}, ["ODConv2D"] * 3),
    "DRConv2D": (images, {"num_regions": 3, "num_basis": 2}, ["DRConv2D"] * 3),
    "DRConv2D pooled": (one(5, 1), {"num_regions": 3, "generator": "pooled"}, ["DRConv2D"]),
    "DRConv2D pooled, grouped": (one(6, 1, groups=2), {"num_regions": 3, "generator": "pooled"}, ["DRConv2D"]),
    "MixtureConv2D": (one(6, 3), {"num_kernels": 2, "routing": "sigmoid"}, ["MixtureConv2D"]),
    "CondDense": (
        lambda: network(K.Dense(5, activation="relu"), K.Dense(3, use_bias=False), shape=LINE),
        {"num_experts": 2},
        ["CondDense", "CondDense"],
    ),
    "CondConv1D": (lambda: network(K.Conv1D(6, 3, padding="causal"), shape=LINE), {}, ["CondConv1D"]),
    "DynamicConv1D": (lambda: network(K.Conv1D(6, 3, dilation_rate=2), shape=LINE), {}, ["DynamicConv1D"]),
    "ODConv1D": (lambda: network(K.Conv1D(6, 3, groups=2), shape=LINE), {"num_kernels": 2}, ["ODConv1D"]),
    "CondConv3D": (lambda: network(K.Conv3D(6, 2, strides=2), shape=VOLUME), {}, ["CondConv3D"]),
    "DynamicConv3D": (lambda: network(K.Conv3D(6, 2), shape=VOLUME), {}, ["DynamicConv3D"]),
    "ODConv3D": (lambda: network(K.Conv3D(6, 2), shape=VOLUME), {"num_kernels": 2}, ["ODConv3D"]),
    "CondConv2DTranspose": (
        lambda: network(K.Conv2DTranspose(5, 3, strides=2, padding="same", output_padding=1)),
        {},
        ["CondConv2DTranspose"],
    ),
    "DynamicConv2DTranspose": (lambda: network(K.Conv2DTranspose(5, 3)), {}, ["DynamicConv2DTranspose"]),
    "VersatileConv2D 1x1": (one(5, 1), {}, ["VersatileConv2D"]),
    "VersatileConv2D sum": (one(6, 5, groups=2, padding="same"), {"combine": "sum"}, ["VersatileConv2D"]),
    "VersatileConv2D sum of learned masks": (
        one(6, 3, groups=2),
        {"combine": "sum", "direction": "learned", "num_masks": 2},
        ["VersatileConv2D"],
    ),
    "VersatileConv2D sum of shared masks": (
        one(6, 3),
        {"combine": "sum", "direction": "learned", "num_masks": 3, "shared_masks": True},
        ["VersatileConv2D"],
    ),
    "VersatileConv2D sum of channels": (
        one(6, 3),
        {"combine": "sum", "direction": "channel", "channel_window": 2, "channel_filter": "masked"},
        ["VersatileConv2D"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_same_outputs(name):
    make, arguments, classes = CASES[name]
    model = make()
    with untouched(model):
        new, report = to_dynamic(model, name.split()[0], everything, report=True, **quiet, **arguments)
    assert [type(layer).__name__ for layer in new.layers] == classes
    assert [row.after for row in report.rows] == classes and report.difference["random"] < 1e-5
    assert_same(model, new)
    assert shares_nothing(model, new)


def test_a_class_instead_of_a_name():
    new = to_dynamic(one(6, 3)(), tfdynconv.ODConv2D, everything, **quiet)
    assert type(new.layers[0]) is tfdynconv.ODConv2D


BANKS = {
    "DynamicConv2D": {"hidden_units": 8},
    "CondConv2D": {},
    "DyNetConv2D": {},
    "ODConv2D": {"num_kernels": 3},
    "DRConv2D": {},
}


@pytest.mark.parametrize("layer", BANKS)
def test_the_kernels_differ_and_training_tells_them_apart(layer):
    """After two steps from constant coefficients, those depend on the input, and differ from kernel to kernel."""
    model = network(K.Conv2D(6, 3, activation="relu"), K.GlobalAveragePooling2D(), K.Dense(3))
    new = to_dynamic(model, layer, lambda layer: isinstance(layer, K.Conv2D), **BANKS[layer], **quiet)
    owner = new.layers[0].generator if layer == "DRConv2D" else new.layers[0]
    bank = np.array(owner.kernel)
    assert np.ptp(bank, 0).min() > 0
    x = inputs_of(new)

    def coefficients():
        found = owner.routing(x)
        return np.array(found["kernel"] if isinstance(found, dict) else found)

    assert np.ptp(coefficients()) < 1e-7
    new.compile(keras.optimizers.Adam(0.01), "mse", run_eagerly=True)
    new.fit(np.asarray(x), np.random.default_rng(0).normal(size=[4, 3]), epochs=2, verbose=0)
    assert np.ptp(coefficients(), 0).max() > 1e-7, "they do not depend on the input"
    assert np.ptp(coefficients(), 1).max() > 1e-7, "they are equal"


def test_size_and_seed_of_the_deviations():
    model = one(6, 3)()

    def bank(**arguments):
        return np.array(to_dynamic(model, where=everything, **arguments, **quiet).layers[0].kernel)

    kernel = np.array(model.layers[0].kernel)
    assert np.array_equal(bank(), bank()) and not np.array_equal(bank(), bank(seed=1))
    np.testing.assert_allclose(bank().mean(0), kernel, atol=1e-7)
    spreads = [(bank(perturbation=size) - kernel).std() / kernel.std() for size in (0.1, 0.3)]
    np.testing.assert_allclose(spreads, [0.1 * 0.75**0.5, 0.3 * 0.75**0.5], rtol=0.1)
    model.layers[0].kernel.assign(np.zeros(kernel.shape))
    assert np.ptp(bank(), 0).min() > 0, "a kernel of zeros has no spread, its bank must"


def test_a_temperature_is_one_unless_given():
    """A `DynamicConv2D` that starts from nothing has 30."""
    for given in ({}, {"temperature": 5.0}):
        new = to_dynamic(one(6, 3)(), "DynamicConv2D", everything, **given, **quiet)
        assert float(np.array(new.layers[0].routing.temperature)) == given.get("temperature", 1.0)


ARGUMENTS = {
    "strides": 2,
    "padding": "same",
    "groups": 2,
    "activation": "relu",
    "kernel_initializer": keras.initializers.HeNormal(seed=3),
    "bias_initializer": "ones",
    "kernel_regularizer": keras.regularizers.L2(0.5),
    "bias_regularizer": keras.regularizers.L1(0.25),
    "activity_regularizer": keras.regularizers.L2(0.125),
    "kernel_constraint": keras.constraints.MaxNorm(3.0),
    "bias_constraint": keras.constraints.NonNeg(),
    "name": "mine",
    "trainable": False,
    "dtype": "mixed_bfloat16",
}


def test_arguments_are_carried_over():
    new = to_dynamic(one(6, 3, **ARGUMENTS)(), "CondConv2D", everything, tolerance=0.1, **quiet).layers[0]
    expected = tfdynconv.CondConv2D(6, 3, **ARGUMENTS).get_config()
    received = new.get_config()
    assert {name: received[name] for name in expected if name != "routing"} == {
        name: expected[name] for name in expected if name != "routing"
    }


@pytest.mark.parametrize("layer", ["DepthwiseDynamicConv2D", "ODConv2D"])
def test_arguments_of_a_depthwise_layer_are_carried_over(layer):
    own = {"depthwise_regularizer": keras.regularizers.L2(0.5), "depthwise_constraint": keras.constraints.MaxNorm(3.0)}
    model = network(K.DepthwiseConv2D(3, strides=2, depth_multiplier=2, dtype="float64", name="mine", **own))
    new = to_dynamic(model, layer, everything, **quiet).layers[0]
    config = new.get_config()
    prefix = "kernel" if layer == "ODConv2D" else "depthwise"
    assert config[f"{prefix}_regularizer"] == keras.regularizers.serialize(own["depthwise_regularizer"])
    assert config[f"{prefix}_constraint"] == keras.constraints.serialize(own["depthwise_constraint"])
    assert (new.strides, new.name, new.compute_dtype) == ((2, 2), "mine", "float64")
    assert (new.groups, new.filters) == (4, 8) if layer == "ODConv2D" else new.depth_multiplier == 2


@pytest.mark.parametrize("layer", ["DynamicConv2D", "CondConv2D", "ODConv2D", "DRConv2D"])
@pytest.mark.parametrize("policy, tolerance", [("mixed_float16", 5e-3), ("mixed_bfloat16", 5e-2), ("float64", 1e-12)])
def test_dtypes(layer, policy, tolerance):
    """Under 16 bits each kernel of the bank is rounded by itself."""
    layers = [K.Conv2D(6, 3, dtype=policy), K.DepthwiseConv2D(3, dtype=policy)]
    model = alive(keras.Sequential([keras.Input(IMAGE, dtype="float64" if policy == "float64" else None), *layers]))
    new, report = to_dynamic(model, layer, everything, report=True, **quiet)
    assert report.difference["random"] <= tolerance
    assert [layer.compute_dtype for layer in new.layers] == [policy.removeprefix("mixed_")] * 2


@pytest.mark.parametrize("layer", BANKS)
def test_channels_first(layer):
    try:
        layers = K.Conv2D(6, 3, data_format="channels_first"), K.DepthwiseConv2D(3, data_format="channels_first")
        model = network(*layers, shape=(4, 8, 7))
    except (tf.errors.UnimplementedError, tf.errors.InvalidArgumentError) as error:
        pytest.skip(f"Keras' own convolution does not run channels first here: {str(error)[:100]}")
    new = to_dynamic(model, layer, everything, **BANKS[layer], **quiet)
    assert [layer.data_format for layer in new.layers] == ["channels_first"] * 2
    assert_same(model, new)


@pytest.mark.parametrize("layer", BANKS)
def test_a_frozen_layer_is_frozen_all_through(layer):
    """Its routing too, which it makes when it is built."""
    model = network(K.Conv2D(6, 3, trainable=False), K.Conv2D(5, 3))
    new = to_dynamic(model, layer, everything, **BANKS[layer], **quiet)
    assert [layer.trainable for layer in new.layers] == [False, True]
    assert {id(w) for w in new.trainable_weights} == {id(w) for w in new.layers[1].trainable_weights}


def test_a_routing_of_ones_own_is_copied_for_each_layer():
    routing = tfdynconv.routing.SigmoidRouting(hidden_units=3)
    model = network(K.Conv2D(6, 3), K.Conv2D(5, 3))
    new = to_dynamic(model, "MixtureConv2D", everything, routing=routing, num_kernels=2, **quiet)
    assert [layer.routing.hidden_units for layer in new.layers] == [3, 3]
    assert new.layers[0].routing is not new.layers[1].routing
    assert_same(model, new)


def test_it_is_saved_loaded_and_trained(tmp_path):
    model = network(K.Conv2D(6, 3), K.BatchNormalization(), K.ReLU(), K.GlobalAveragePooling2D(), K.Dense(3))
    new = to_dynamic(model, where=lambda layer: isinstance(layer, K.Conv2D), **quiet)
    new.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert_same(model, loaded)
    loaded.compile("adam", "mse")
    loaded.fit(np.asarray(inputs_of(model)), np.ones([4, 3]), verbose=0)
    assert not np.array_equal(loaded.get_weights()[0], new.get_weights()[0])
