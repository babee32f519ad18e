"""SpatialTransformer against the definition of PyTorch's affine_grid and grid_sample, in NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import golden
from tests.blocks import sampler_oracle
from tfdynconv.blocks import SpatialTransformer
from tfdynconv.testing.case import redraw

IDENTITY = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
MAPS = {
    "turned": [0.8, -0.6, 0.1, 0.6, 0.8, -0.2],
    "far outside": [3.0, 0.5, 1.5, -0.4, 2.5, -2.0],
    "mirrored": [-1.1, 0.05, 0.0, 0.02, -0.9, 0.03],
}
SIZES = {"its own": None, "smaller": (3, 5), "one row": (1, 4), "larger": (9, 11)}


@keras.saving.register_keras_serializable(package="tests")
class Fixed(keras.layers.Layer):
    """The same map for each sample, plus a little of its mean, so that gradients pass through."""

    def __init__(self, theta, **kwargs):
        super().__init__(**kwargs)
        self.theta = theta

    def call(self, x):
        return tf.reshape(tf.constant(self.theta, x.dtype) + 0.1 * tf.reduce_mean(x, [1, 2, 3])[:, None], [-1, 2, 3])

    def compute_output_shape(self, shape):
        return (shape[0], 2, 3)

    def get_config(self):
        return {**super().get_config(), "theta": self.theta}


def base(size, align_corners):
    """The coordinates from -1 to 1 of an axis' pixels."""
    if align_corners:
        return np.linspace(-1.0, 1.0, size) if size > 1 else np.zeros(1)
    return (2.0 * np.arange(size) + 1.0) / size - 1.0


def unnormalized(coordinate, size, align_corners):
    return (coordinate + 1) / 2 * (size - 1) if align_corners else ((coordinate + 1) * size - 1) / 2


def oracle(x, thetas, size, align_corners):
    height, width = x.shape[1:3]
    y = np.zeros((len(x), *size, x.shape[-1]))
    rows, columns = (base(n, align_corners) for n in size)
    for b, i, j in np.ndindex(*y.shape[:3]):
        across, down = thetas[b].reshape(2, 3) @ [columns[j], rows[i], 1.0]
        place = unnormalized(down, height, align_corners), unnormalized(across, width, align_corners)
        y[b, i, j] = sampler_oracle.read(x[b], *place)
    return y


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("theta", MAPS.values(), ids=MAPS)
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_the_definition(theta, size, align_corners):
    """Outputs, and the gradient for the input along a random direction; it comes by the map as well."""
    block = SpatialTransformer(Fixed(theta, dtype="float64"), size, align_corners, dtype="float64")
    x = np.random.default_rng(0).normal(size=(2, 6, 7, 3))

    def expected(x):
        return oracle(x, theta + 0.1 * x.mean((1, 2, 3))[:, None], size or (6, 7), align_corners)

    random = np.random.default_rng(1)
    cotangent, direction = random.normal(size=expected(x).shape), random.normal(size=x.shape)
    outputs, (gradient,) = golden.outputs_and_gradients(block, [x], cotangent, list, "eager")
    np.testing.assert_allclose(outputs, expected(x), atol=1e-12)
    wanted = sampler_oracle.slope(lambda x: np.sum(expected(x) * cotangent), [x], [direction])
    assert np.sum(gradient * direction) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("align_corners", [False, True])
def test_the_default_network(align_corners, mode):
    """What it computes: a convolution, the means of its maps and their first moments, a dense layer."""
    block = SpatialTransformer(align_corners=align_corners, localization_filters=3, dtype="float64")
    x = np.random.default_rng(0).normal(size=(2, 6, 7, 2))
    block.build(x.shape)
    redraw(block)
    part = block.localization
    maps = np.asarray(part.conv(x))
    rows, columns = base(3, False)[:, None, None], base(4, False)[:, None]
    features = np.concatenate([(maps * by).mean((1, 2)) for by in (1.0, rows, columns)], -1)
    theta = features @ part.dense.kernel.numpy() + part.dense.bias.numpy()
    np.testing.assert_allclose(part(x), theta, atol=1e-12)
    outputs, _ = golden.outputs_and_gradients(block, [x], np.ones((2, 6, 7, 2)), list, mode)
    np.testing.assert_allclose(outputs, oracle(x, theta, (6, 7), align_corners), atol=1e-12)


@pytest.mark.parametrize("align_corners", [False, True])
def test_it_starts_by_changing_nothing(align_corners):
    x = np.random.default_rng(0).normal(size=(2, 6, 7, 3)).astype("float32")
    np.testing.assert_allclose(SpatialTransformer(align_corners=align_corners)(x), x, atol=1e-5)


def test_shapes_that_are_not_known():
    inputs = keras.Input([None, None, 3])
    assert tuple(SpatialTransformer()(inputs).shape) == (None, None, None, 3)
    assert tuple(SpatialTransformer(output_size=(4, 5))(inputs).shape) == (None, 4, 5, 3)
    first = SpatialTransformer(output_size=4, data_format="channels_first")
    assert tuple(first.compute_output_shape((None, 3, None, None))) == (None, 3, 4, 4)


def test_a_network_of_ones_own_is_saved_and_trained(tmp_path):
    network = keras.Sequential([keras.layers.Conv2D(4, 3, strides=3), keras.layers.Flatten(), keras.layers.Dense(6)])
    model = keras.Sequential([keras.Input([9, 9, 1]), SpatialTransformer(network, 5)])
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(np.random.default_rng(0).normal(size=(4, 9, 9, 1)), np.ones((4, 5, 5, 1)), verbose=0)
    assert len(before) == 4 and all(np.any(a != b) for a, b in zip(before, model.get_weights()))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    x = np.random.default_rng(1).normal(size=(2, 9, 9, 1))
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


def test_cost():
    block = SpatialTransformer(output_size=(4, 5), localization_filters=3)
    block.build((None, 7, 6, 2))
    parameters, products = block.cost((None, 7, 6, 2))
    assert parameters == sum(int(np.prod(w.shape)) for w in block.trainable_weights) == 9 * 2 * 3 + 3 + 18 * 3 + 6
    assert products == 12 * (9 * 2 * 3 + 2 * 3) + 18 * 3 + 4 * 4 * 5 * 2


BAD = [
    (lambda: SpatialTransformer("conv"), "`localization` must be a Keras layer or model, or None. Received: 'conv'"),
    (lambda: SpatialTransformer(output_size=(4, 5, 3)), "`output_size` must be a positive int or 2 of them"),
    (lambda: SpatialTransformer(localization_filters=0), "`localization_filters` must be a positive int"),
    (
        lambda: SpatialTransformer(keras.layers.Dense(6)).build((None, 8, 8, 3)),
        r"gives \[batch, 6\] or \[batch, 2, 3\] .* Received: one that gives \(None, 8, 8, 6\). End it with",
    ),
    (
        lambda: SpatialTransformer(Fixed(IDENTITY)).cost((None, 8, 8, 3)),
        "not known. Received: a Fixed without a method cost",
    ),
]


@pytest.mark.parametrize("make, message", BAD, ids=[message[:40] for _, message in BAD])
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
