"""Blocks that fold: to one convolution with equal outputs, at every stride, size and border, trained, saved and on a phone."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.export.phone import Phone
from tfdynconv import blocks
from tfdynconv.export import to_tflite
from tfdynconv.testing.case import redraw

CHANNELS = 6
BLOCKS = ["ACBlock2D", "DiverseBranchBlock2D", "DOConv2D", "HetConv2D", "SpatialSeparableConv2D"]
EVERY = pytest.mark.parametrize("name", BLOCKS)
WINDOWS = {
    "same": {"padding": "same"},
    "valid": {},
    "stride 2 same": {"strides": 2, "padding": "same"},  # on 8 x 7: padding by (0, 1) there, by (1, 1) here
    "stride 2 padded": {"strides": 2, "padding": 1},
    "stride 3 same": {"strides": 3, "padding": "same"},
    "unequal strides": {"strides": (1, 2), "padding": ((1, 0), (2, 1))},
    "padded wide": {"padding": 2},
    "5x5 stride 2 padded by 4": {"kernel_size": 5, "strides": 2, "padding": 4},
    "5x5 padded by 1": {"kernel_size": 5, "padding": 1},
    "3x5 dilated same": {"kernel_size": (3, 5), "dilation_rate": (2, 1), "padding": "same"},
    "dilated": {"dilation_rate": 2},
    "1x1 stride 2": {"kernel_size": 1, "strides": 2},
    "1x3": {"kernel_size": (1, 3), "padding": "same"},
    "3 groups stride 2": {"groups": 3, "strides": 2, "padding": "same"},
    "depthwise": {"groups": CHANNELS, "padding": "same"},
    "depthwise stride 2": {"groups": CHANNELS, "strides": 2, "padding": 1},
    "depthwise unequal strides": {"groups": CHANNELS, "strides": (2, 1), "padding": "same"},
    "depthwise of two filters": {"groups": CHANNELS, "filters": 12, "padding": "same"},
}
EVEN = {
    "4x4 stride 2 same": {"kernel_size": 4, "strides": 2, "padding": "same"},
    "4x2 dilated": {"kernel_size": (4, 2), "dilation_rate": 2, "padding": 3},
}


def made(kind, dtype="float64", **given):
    if kind == "HetConv2D":
        given = {"groups": 2, **given}
    layer = getattr(blocks, kind)(**{"filters": CHANNELS, "kernel_size": 3, "dtype": dtype, **given})
    first = layer.data_format == "channels_first"
    layer.build((None, CHANNELS, None, None) if first else (None, None, None, CHANNELS))
    redraw(layer)
    random = np.random.default_rng(2)
    for weight in layer.non_trainable_weights:  # moving statistics: means and variances that are nowhere 0 or 1
        weight.assign(random.uniform(0.3, 2.0, size=tuple(weight.shape)))
    return layer


def images(batch=2, dtype="float64"):
    return np.random.default_rng(0).normal(size=(batch, 8, 7, CHANNELS)).astype(dtype)


@EVERY
@pytest.mark.parametrize("given", WINDOWS.values(), ids=WINDOWS)
def test_fold(name, given):
    layer, x = made(name, activation="tanh", **given), images()
    conv = layer.fold()
    np.testing.assert_allclose(np.asarray(conv(x)), np.asarray(layer(x)), rtol=1e-10, atol=1e-12)
    last = getattr(conv, "layers", [conv])[-1]
    depthwise = given.get("groups") == CHANNELS and len(set(layer.strides)) == 1 and name != "HetConv2D"
    assert type(last) is (keras.layers.DepthwiseConv2D if depthwise else keras.layers.Conv2D)
    assert isinstance(conv, keras.Sequential) == (not isinstance(layer.padding, str))


@pytest.mark.parametrize("name", ["DOConv2D", "HetConv2D", "SpatialSeparableConv2D"])
@pytest.mark.parametrize("given", EVEN.values(), ids=EVEN)
def test_fold_of_even_kernels(name, given):
    layer, x = made(name, **given), images()
    np.testing.assert_allclose(np.asarray(layer.fold()(x)), np.asarray(layer(x)), rtol=1e-10, atol=1e-12)


@EVERY
def test_fold_channels_first(name):
    conv = made(name, data_format="channels_first", strides=2, padding="same").fold()
    assert conv.data_format == "channels_first"
    np.testing.assert_array_equal(conv.get_weights()[0], made(name, strides=2, padding="same").fold().get_weights()[0])


@EVERY
def test_fold_keeps_name_policy_and_whether_it_trains(name):
    conv = made(name, dtype="mixed_bfloat16", name="stem", trainable=False).fold()
    assert conv.name == "stem" and not conv.trainable
    assert conv(images()).dtype == tf.bfloat16
    assert {w.shape[-1] for w in conv.weights} == {CHANNELS}


@EVERY
def test_fold_before_build(name):
    with pytest.raises(ValueError, match=f"{name} '.*': it has no weights to fold yet. Build it"):
        getattr(blocks, name)(4, 3).fold()


@EVERY
@pytest.mark.parametrize("given", [{}, {"groups": 2}, {"groups": CHANNELS}, {"kernel_size": 1}], ids=str)
def test_costs(name, given):
    """Of the block as it trains, every trainable weight; of what it folds to, those of the convolution."""
    layer, shape = made(name, **{"padding": "same", **given}), (None, 8, 7, CHANNELS)
    parameters, multiply_adds = layer.cost(shape)
    stored = sum(int(np.prod(w.shape)) for w in layer.trainable_weights)
    if name == "HetConv2D" and layer.groups > 1:
        stored -= int((layer.mask() == 0).sum())
    assert parameters == stored
    conv = layer.fold()
    kernel = int(np.prod(conv.weights[0].shape))
    assert layer.folded_cost(shape) == (kernel + CHANNELS, 56 * kernel)
    assert multiply_adds > 0
    with pytest.raises(ValueError, match="depends on"):
        layer.cost((None, None, 7, CHANNELS))


@pytest.fixture(scope="module")
def trained():
    """(a model with all blocks side by side, after a few steps, its images)."""
    keras.utils.set_random_seed(3)
    x = images(12, "float32") + 0.5
    given = {"strides": 2, "padding": "same", "groups": 2, "activation": "relu"}
    inputs = keras.Input((8, 7, CHANNELS))
    parts = [getattr(blocks, name)(8, 3, **given, name=name)(inputs) for name in BLOCKS]
    model = keras.Model(inputs, keras.layers.Concatenate()(parts))
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
    model.fit(x, np.random.default_rng(1).normal(size=(12, 4, 4, 40)), batch_size=4, epochs=3, verbose=0)
    return model, x


def folded_model(model):
    """The same of plain convolutions."""
    inputs = keras.Input((8, 7, CHANNELS))
    convs = [model.get_layer(name).fold() for name in BLOCKS]
    copies = [type(conv).from_config(conv.get_config()) for conv in convs]
    folded = keras.Model(inputs, keras.layers.Concatenate()([copy(inputs) for copy in copies]))
    for conv, copy in zip(convs, copies):
        copy.set_weights(conv.get_weights())
    return folded


def test_trained_folded_saved_and_on_a_phone(trained, tmp_path):
    """To float32's rounding, 1e-5 of the largest value, at every step of the way."""
    model, x = trained
    expected = np.asarray(model(x, training=False))

    def compare(received):
        for name, value, other in zip(BLOCKS, np.split(expected, 5, -1), np.split(np.asarray(received), 5, -1)):
            assert np.abs(value).max() > 0.1
            np.testing.assert_allclose(other, value, rtol=0, atol=1e-5 * np.abs(value).max(), err_msg=name)

    folded = folded_model(model)
    compare(folded(x))
    folded.save(tmp_path / "folded.keras")
    loaded = keras.models.load_model(tmp_path / "folded.keras")
    compare(loaded(x))
    to_tflite(loaded, tmp_path / "folded.tflite", tolerance=1e-5)
    phone = Phone(tmp_path / "folded.tflite")
    (key,) = phone.inputs
    compare(np.concatenate([next(iter(phone(**{key: row[None]}).values())) for row in x]))
    assert sorted(op for op in phone.ops if op != "DELEGATE") == [*["CONV_2D"] * len(BLOCKS), "CONCATENATION"][::-1]


@pytest.mark.parametrize("name", ["ACBlock2D", "DiverseBranchBlock2D"])
def test_statistics_matter(trained, name):
    """Training has moved the moving statistics: a fold that took the initial ones would be another function."""
    block = trained[0].get_layer(name)
    assert min(np.abs(w.numpy() - (1.0 if "variance" in w.name else 0.0)).max() for w in norm_statistics(block)) > 1e-3


def norm_statistics(block):
    return [w for w in block.non_trainable_weights if "moving" in w.name]


@pytest.mark.parametrize("name", ["ACBlock2D", "DiverseBranchBlock2D", "HetConv2D", "SpatialSeparableConv2D"])
def test_kernels_of_equal_shape_start_unequal(name):
    """Keras initialisers repeat themselves: each kernel gets a seed of its own."""
    layer = getattr(blocks, name)(4, 3, kernel_initializer=keras.initializers.RandomNormal(seed=1))
    layer.build((None, 8, 8, 4))
    kernels = [w.numpy().ravel()[:4] for w in layer.trainable_weights if "kernel" in w.name and np.any(w.numpy())]
    assert len(kernels) > 1
    assert all(np.abs(a - b).max() > 1e-3 for i, a in enumerate(kernels) for b in kernels[:i])


BAD = [
    (lambda: blocks.ACBlock2D(4, 2), "ACBlock2D '.*': `kernel_size` must be odd, .* Received: kernel_size=2"),
    (lambda: blocks.DiverseBranchBlock2D(4, (3, 4)), "`kernel_size` must be odd, .* Received: kernel_size=\\(3, 4\\)"),
    (lambda: blocks.DiverseBranchBlock2D(4, 3, groups=2, internal_channels=3), "`internal_channels` must be divisible"),
    (lambda: blocks.DiverseBranchBlock2D(4, 3, internal_channels=0), "`internal_channels` must be a positive int"),
    (lambda: blocks.ACBlock2D(4, 3, groups=2).build((None, 8, 8, 3)), "channels must be divisible by `groups`"),
    (lambda: blocks.ACBlock2D(4, 3, strides=2, dilation_rate=2), "cannot both be above 1"),
    (lambda: blocks.ACBlock2D(4, 9).build((None, 8, 8, 3)), "the kernel is larger than the"),
    (lambda: blocks.DOConv2D(4, 3, d_mul=8), "`d_mul` must be at least the 9 taps .* Received: d_mul=8"),
    (lambda: blocks.DOConv2D(4, 1, d_mul=4), "a 1x1 kernel takes none. Received: d_mul=4"),
    (lambda: blocks.HetConv2D(6, 3), "`filters` must be divisible by `groups`. Received: filters=6, groups=4"),
    (lambda: blocks.HetConv2D(8, 3).build((None, 8, 8, 6)), "channels must be divisible by `groups`"),
    (lambda: blocks.SpatialSeparableConv2D(4, 3, groups=2, inner_filters=3), "`inner_filters` must be divisible"),
    (lambda: blocks.SpatialSeparableConv2D(4, 3, inner_filters=1.5), "`inner_filters` must be a positive int"),
    (lambda: blocks.DOConv2D(4, 3)(np.ones([8, 8, 3], "float32")), "expected ndim=4, found ndim=3"),
]


@pytest.mark.parametrize("make, message", BAD, ids=[message[:40] for _, message in BAD])
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
