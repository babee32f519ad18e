"""A layer and the batch normalisation behind it become one layer that computes the same."""

import keras
import numpy as np
import pytest

import tfdynconv
from tests.surgery.networks import alive, assert_same, inputs_of, quiet, shares_nothing, untouched
from tfdynconv.surgery import fuse

IMAGE, LINE, VOLUME = (7, 6, 4), (9, 4), (5, 4, 3, 4)

STATIC = {
    "Conv1D": (lambda: keras.layers.Conv1D(5, 3, padding="causal"), LINE),
    "Conv2D": (lambda: keras.layers.Conv2D(6, 3, groups=2, strides=2, padding="same"), IMAGE),
    "Conv2D without a bias": (lambda: keras.layers.Conv2D(6, 3, use_bias=False, dilation_rate=2), IMAGE),
    "Conv3D": (lambda: keras.layers.Conv3D(5, 2), VOLUME),
    "Conv1DTranspose": (lambda: keras.layers.Conv1DTranspose(5, 3, strides=2), LINE),
    "Conv2DTranspose": (lambda: keras.layers.Conv2DTranspose(5, 3, strides=2, use_bias=False), IMAGE),
    "Conv3DTranspose": (lambda: keras.layers.Conv3DTranspose(5, 3), VOLUME),
    "DepthwiseConv1D": (lambda: keras.layers.DepthwiseConv1D(3, depth_multiplier=2), LINE),
    "DepthwiseConv2D": (lambda: keras.layers.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False), IMAGE),
    "SeparableConv1D": (lambda: keras.layers.SeparableConv1D(5, 3), LINE),
    "SeparableConv2D": (lambda: keras.layers.SeparableConv2D(5, 3, depth_multiplier=2, use_bias=False), IMAGE),
    "Dense": (lambda: keras.layers.Dense(5), LINE),
}
DYNAMIC = {
    "sigmoid": (lambda: tfdynconv.CondConv2D(5, 3), IMAGE),
    "sigmoid without a bias": (lambda: tfdynconv.CondConv1D(5, 3, use_bias=False), LINE),
    "softmax": (lambda: tfdynconv.DynamicConv2D(5, 3, temperature=1.0), IMAGE),
    "three axes": (lambda: tfdynconv.DynamicConv3D(5, 2, temperature=1.0), VOLUME),
    "grouped": (lambda: tfdynconv.MixtureConv2D(6, 3, groups=2, routing="sigmoid"), IMAGE),
    "depthwise": (lambda: tfdynconv.DepthwiseCondConv2D(3, depth_multiplier=2), IMAGE),
    "transposed": (lambda: tfdynconv.CondConv2DTranspose(5, 3, strides=2), IMAGE),
    "dense": (lambda: tfdynconv.CondDense(5), LINE),
    "a coefficient for each filter": (lambda: tfdynconv.DyNetConv2D(5, 3), IMAGE),
    "the same, depthwise": (lambda: tfdynconv.DepthwiseDyNetConv2D(3, depth_multiplier=2, use_bias=False), IMAGE),
    "gates": (lambda: tfdynconv.ODConv2D(5, 3, num_kernels=3), IMAGE),
    "regions": (lambda: tfdynconv.DRConv2D(5, 3, num_regions=3), IMAGE),
    "regions of a basis": (lambda: tfdynconv.DRConv2D(6, 3, groups=2, generator="basis", use_bias=False), IMAGE),
}


def block(layer, shape, axis=-1, **norm):
    layers = [layer, keras.layers.BatchNormalization(axis=axis, name="norm", **norm), keras.layers.ReLU(name="relu")]
    return alive(keras.Sequential([keras.Input(shape), *layers]))


def fused(model, **arguments):
    with untouched(model):
        new, report = fuse(model, report=True, **quiet, **arguments)
    assert shares_nothing(model, new)
    assert_same(model, new)
    return new, report


def is_fused_to_one(make, shape):
    layer = make()
    model = block(layer, shape)
    new, report = fused(model)
    assert [(type(one), one.name) for one in new.layers] == [(type(layer), layer.name), (keras.layers.ReLU, "relu")]
    assert len(report.folded) == 1 and not report.kept
    again, report = fused(new)
    assert not report.folded and not report.kept and report.difference == {"random": 0.0}
    assert all(map(np.array_equal, new.get_weights(), again.get_weights()))
    return layer, new.layers[0]


@pytest.mark.parametrize("make, shape", STATIC.values(), ids=STATIC)
def test_static_layers(make, shape):
    is_fused_to_one(make, shape)


@pytest.mark.parametrize("make, shape", DYNAMIC.values(), ids=DYNAMIC)
def test_dynamic_layers(make, shape):
    is_fused_to_one(make, shape)


@pytest.mark.parametrize(
    "norm", [{"scale": False}, {"center": False}, {"scale": False, "center": False, "epsilon": 1e-5}], ids=str
)
@pytest.mark.parametrize(
    "make", [lambda: keras.layers.Conv2D(5, 3), lambda: tfdynconv.CondConv2D(5, 3)], ids=["s", "d"]
)
def test_settings_of_the_normalisation(make, norm):
    fused(block(make(), IMAGE, **norm))


def test_channels_first():
    """Of dynamic layers: Keras' own convolution does not run channels first on every CPU."""
    layer = tfdynconv.CondConv2D(5, 3, data_format="channels_first")
    _, report = fused(block(layer, (4, 7, 6), axis=1))
    assert len(report.folded) == 1


def test_coefficients_from_elsewhere():
    """Two layers with one routing, each with its normalisation: the fused ones are called with the same coefficients."""
    x = keras.Input(IMAGE)
    coefficients = tfdynconv.routing.SoftmaxRouting(3, temperature=1.0)(x)
    y = tfdynconv.CondConv2D(5, 3, num_experts=3, routing=None)(x, coefficients)
    y = keras.layers.BatchNormalization()(y)
    y = tfdynconv.DepthwiseCondConv2D(3, num_experts=3, routing=None)(y, coefficients)
    model = alive(keras.Model(x, keras.layers.BatchNormalization()(y)))
    new, report = fused(model)
    assert len(report.folded) == 2 and len(new.layers) == 4


def test_a_block_that_folds_by_itself_and_its_normalisation():
    """Its padding in numbers becomes a layer of its own, and the normalisation goes into the convolution behind that."""
    model = block(tfdynconv.VersatileConv2D(6, 3, padding=((1, 0), (2, 1)), name="versatile"), IMAGE)
    new, report = fused(model)
    assert [(type(layer).__name__, layer.name) for layer in new.layers] == [
        ("ZeroPadding2D", "versatile_padding"),
        ("Conv2D", "versatile"),
        ("ReLU", "relu"),
    ]
    assert report.folded[0][0] == "VersatileConv2D 'versatile' + BatchNormalization 'norm'"
    assert not fused(new)[1].folded


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float64"])
def test_dtypes(policy):
    """Folded in float64 and rounded once: with 16 bits only the order of roundings differs, in float64 nothing does."""
    layers = [
        keras.layers.Conv2D(6, 3, dtype=policy),
        keras.layers.BatchNormalization(dtype=policy),
        tfdynconv.CondConv2D(5, 3, dtype=policy),
        keras.layers.BatchNormalization(dtype=policy),
    ]
    model = alive(keras.Sequential([keras.Input(IMAGE, dtype="float64" if policy == "float64" else None), *layers]))
    new, report = fuse(model, report=True, **quiet)
    assert len(report.folded) == 2
    assert [getattr(layer.dtype_policy, "name", None) for layer in new.layers] == [policy] * 2
    assert report.difference["random"] <= {"mixed_float16": 3e-3, "mixed_bfloat16": 3e-2, "float64": 1e-12}[policy]


def test_given_data_are_compared_too():
    model = block(keras.layers.Conv2D(5, 3), IMAGE)
    data = np.asarray(inputs_of(model, 70)) * 100
    _, report = fused(model, data=data)
    assert set(report.difference) == {"random", "data"} and report.difference["data"] < 1e-5


def test_a_difference_above_the_tolerance_is_an_error():
    """A channel whose variance is far below the others' makes rounding count."""
    model = block(keras.layers.Conv2D(5, 3), IMAGE)
    with pytest.raises(ValueError, match="differ from the old one's by .* on random inputs, more than tolerance=1e-12"):
        fuse(model, tolerance=1e-12, **quiet)
    model.layers[0].kernel.assign(np.full(model.layers[0].kernel.shape, np.nan))
    with pytest.raises(ValueError, match="by nan of their largest value"):
        fuse(model, **quiet)


def test_the_report_is_printed():
    printed = []
    model = block(keras.layers.Conv2D(5, 3, name="conv"), IMAGE)
    new, report = fuse(model, report=True, print_fn=printed.append)
    assert printed == [str(report)] and "1 folded, 0 kept; 205 parameters, now 185" in printed[0]
    assert "Conv2D 'conv' + BatchNormalization 'norm' -> Conv2D 'conv'" in printed[0]
    assert isinstance(fuse(model, **quiet), keras.Sequential)
