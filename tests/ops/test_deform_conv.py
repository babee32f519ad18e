"""Deformable convolution against its definition, where no published arrays reach, and what it refuses."""

import numpy as np
import pytest
import tensorflow as tf

from tests.blocks import sampler_oracle
from tests.modes import in_mode
from tfdynconv.ops import deform_conv
from tfdynconv.ops.geometry import fold_padding
from tfdynconv.ops.static_conv import static_conv
from tfdynconv.ops.weighted_rows import Gathered, Sparse, weighted_rows

WINDOWS = {
    "stride and dilation": {"strides": (2, 1), "dilations": (1, 2), "padding": ((2, 1), (0, 3)), "kernel": (3, 2)},
    "both above 1": {"strides": (2, 2), "dilations": (2, 2), "padding": 2, "kernel": (3, 3), "groups": 2},
    "same, even size": {"strides": (2, 2), "padding": "same", "kernel": (3, 3), "deformable": 2},
    "all at once": {
        "strides": (2, 3),
        "padding": 1,
        "kernel": (2, 3),
        "groups": 2,
        "deformable": 4,
        "dilations": (2, 1),
    },
}
EVERY = pytest.mark.parametrize("given", WINDOWS.values(), ids=WINDOWS)


def tensors(given, seed=0, scale=3.0, channels=4, filters=6):
    """(inputs, offsets many of which leave the image, kernel, mask, window) in float64."""
    window = {name: given[name] for name in ("strides", "dilations", "padding") if name in given}
    kernel_size, deformable, groups = given["kernel"], given.get("deformable", 1), given.get("groups", 1)
    random = np.random.default_rng(seed)
    size = sampler_oracle.Taps((8, 6), kernel_size, **window).output_size
    taps = deformable * kernel_size[0] * kernel_size[1]
    x = random.normal(size=(2, 8, 6, channels))
    offsets = random.normal(size=(2, *size, 2 * taps), scale=scale)
    kernel = random.normal(size=(*kernel_size, channels // groups, filters))
    return [x, offsets, kernel, random.uniform(size=(2, *size, taps))], {**window, "groups": groups}


@EVERY
def test_the_definition(given, mode):
    """Outputs, and the gradients for all four along a random direction; unknown batch and sizes where it is traced."""
    values, window = tensors(given)
    random = np.random.default_rng(1)
    directions = [random.normal(size=v.shape) for v in values]
    oracle = lambda *v: sampler_oracle.deform_conv(*v, **window)  # noqa: E731
    expected = oracle(*values)
    cotangent = random.normal(size=expected.shape)

    def run(x, offsets, kernel, mask):
        with tf.GradientTape() as tape:
            tape.watch([x, offsets, kernel, mask])
            y = deform_conv(x, offsets, kernel, mask, **window)
            loss = tf.reduce_sum(y * cotangent)
        return y, tape.gradient(loss, [x, offsets, kernel, mask])

    spec = [
        tf.TensorSpec(v.shape if i == 2 else [None, None, None, v.shape[-1]], tf.float64) for i, v in enumerate(values)
    ]
    y, gradients = in_mode(run, mode, spec)(*map(tf.constant, values))
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)
    wanted = sampler_oracle.slope(lambda *v: np.sum(oracle(*v) * cotangent), values, directions)
    received = sum(np.sum(g * d) for g, d in zip(gradients, directions))
    assert received == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_zero_offsets_are_a_convolution(dtype):
    random = np.random.default_rng(0)
    x, kernel = (tf.constant(random.normal(size=s), dtype) for s in ([2, 7, 6, 4], [3, 2, 2, 6]))
    padded, geometry = fold_padding(x, "same", (3, 2), (2, 2), (1, 1))
    expected = static_conv(padded, kernel, geometry, groups=2)
    y = deform_conv(x, tf.zeros([2, 4, 3, 12]), kernel, strides=2, padding="same", groups=2)
    assert y.dtype.name == dtype
    np.testing.assert_allclose(y, expected, atol={"float16": 3e-2, "float32": 1e-5, "float64": 1e-12}[dtype])


def test_offsets_keep_their_precision_in_float16():
    """A sixteenth of a pixel, a thousand pixels away from the origin, is no float16 number."""
    x = tf.cast(tf.reshape(tf.range(2000) % 2, [1, 1, 2000, 1]), tf.float16)
    offsets = tf.broadcast_to(tf.constant([0.0, 0.0625]), [1, 1, 2000, 2])
    y = deform_conv(x, offsets, tf.ones([1, 1, 1, 1], tf.float16))
    np.testing.assert_allclose(y[0, 0, 1500:1504, 0], [0.0625, 0.9375, 0.0625, 0.9375], atol=1e-3)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e30])
@pytest.mark.parametrize("jit_compile", [None, False, True])
def test_a_coordinate_that_is_nowhere(value, jit_compile):
    """Not a number gives not a number, infinitely far gives zero; neither reads elsewhere, nor harms other pixels."""
    offsets = np.zeros([1, 4, 4, 2], "float32")
    offsets[0, 1, 2, 0] = value

    def run(x, offsets):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = deform_conv(x, offsets, tf.ones([1, 1, 1, 1]))
        return y, tape.gradient(y, x)

    run = run if jit_compile is None else tf.function(run, jit_compile=jit_compile)
    y, gradient = run(tf.ones([1, 4, 4, 1]), tf.constant(offsets))
    expected = np.ones([1, 4, 4, 1])
    expected[0, 1, 2, 0] = np.nan if np.isnan(value) else 0.0
    np.testing.assert_array_equal(y, expected)
    if not np.isnan(value):
        np.testing.assert_array_equal(gradient, expected)


def test_the_gradient_on_a_pixel_is_that_to_the_right():
    """Beyond the image on the far side nothing is read in either direction."""
    x = tf.reshape(tf.constant([1.0, 3.0, 7.0]), [1, 1, 3, 1])
    reads = {-2.0: 0.0, -1.0: 1.0, 0.0: 2.0, 1.0: 4.0, 2.0: -7.0, 3.0: 0.0, 4.0: 0.0}
    for place, slope in reads.items():
        offsets = tf.constant([0.0, place, 0.0, 0.0, 0.0, 0.0], shape=[1, 1, 3, 2])
        with tf.GradientTape() as tape:
            tape.watch(offsets)
            y = deform_conv(x, offsets, tf.ones([1, 1, 1, 1]))
        assert tape.gradient(y, offsets)[0, 0, 0, 1] == slope, place


@pytest.mark.parametrize("mode", ["graph", "jit"])
def test_second_derivatives(mode):
    """Of a gradient penalty on inputs, offsets, kernel and mask, along a random direction."""
    values, window = tensors(WINDOWS["same, even size"], scale=0.6)
    random = np.random.default_rng(2)
    directions = [random.normal(size=v.shape) for v in values]

    def penalty(*v):
        with tf.GradientTape() as tape:
            tape.watch(v)
            loss = tf.reduce_sum(deform_conv(*v, **window) ** 3)
        return tf.add_n([tf.reduce_sum(g**2) for g in tape.gradient(loss, v)])

    def run(*v):
        with tf.GradientTape() as tape:
            tape.watch(v)
            total = penalty(*v)
        return tape.gradient(total, v)

    gradients = in_mode(run, mode)(*map(tf.constant, values))
    received = sum(np.sum(g * d) for g, d in zip(gradients, directions))
    wanted = sampler_oracle.slope(lambda *v: float(penalty(*map(tf.constant, v))), values, directions, 1e-7)
    assert received == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("name", ["rows", "spread", "products"])
def test_the_sparse_form_is_the_plain_one(name):
    random = np.random.default_rng(0)
    index = tf.constant(np.sort([random.permutation(7)[:3] for _ in range(9)], -1), tf.int32)
    table, weights, g = (tf.constant(random.normal(size=s)) for s in ([7, 5], [9, 3], [9, 5]))
    given = {"rows": (table, index, weights), "spread": (index, weights, g, 7), "products": (table, index, g)}[name]
    np.testing.assert_allclose(getattr(Sparse, name)(*given), getattr(Gathered, name)(*given), atol=1e-12)


def test_weighted_rows_by_autodiff():
    """Against the plain twin."""
    random = np.random.default_rng(0)
    index = tf.constant([[0, 2], [1, 2], [0, 1]])
    table, weights, g = (tf.constant(random.normal(size=s)) for s in ([3, 4], [3, 2], [3, 4]))
    found = []
    for function in (weighted_rows, Gathered.rows):
        with tf.GradientTape() as tape:
            tape.watch([table, weights])
            loss = tf.reduce_sum(function(table, index, weights) * g)
        found.append([tf.convert_to_tensor(d) for d in tape.gradient(loss, [table, weights])])
    for ours, plain in zip(*found):
        np.testing.assert_allclose(ours, plain, atol=1e-12)


def ones(*shape, dtype=tf.float32):
    return tf.ones(shape, dtype)


X, OFFSETS, K = (2, 5, 5, 4), (2, 3, 3, 18), (3, 3, 4, 6)
BAD = [
    ((X[1:], OFFSETS, K), {}, r"deform_conv: expected inputs \[batch.* Received: shapes inputs \(5, 5, 4\), offsets"),
    ((X, (2, 3, 3, 17), K), {}, "expected offsets with 2 x 9 numbers .* Received: offsets of shape .*17"),
    ((X, (2, 3, 3, 54), K), {}, "channels divisible by the groups. Received: .*54.*, 4 channels"),
    ((X, (2, 5, 5, 18), K), {}, r"`offsets` of shape \(2, 3, 3, 18\).* Received: shape \(2, 5, 5, 18\). Make it"),
    ((X, (1, 3, 3, 18), K), {}, r"`offsets` of shape \(2, 3, 3, 18\).* Received: shape \(1, 3, 3, 18\)"),
    ((X, OFFSETS, K, (2, 3, 3, 18)), {}, r"`mask` of shape \(2, 3, 3, 9\).* Received: shape \(2, 3, 3, 18\)"),
    ((X, OFFSETS, K), {"groups": 2}, "expected channels = kernel channels x groups .* groups=2"),
    ((X, OFFSETS, K), {"groups": 0}, "`groups` must be a positive int. Received: groups=0"),
    ((X, OFFSETS, (3, 3, 3, 6)), {}, "expected channels = kernel channels x groups .* Received: 4 input channels"),
    (((2, 2, 5, 4), OFFSETS, K), {}, "the kernel is larger than the .* Use padding='same'"),
    ((X, OFFSETS, K), {"padding": "causal"}, "'causal' is defined for 1-D"),
    ((X, OFFSETS, K), {"strides": 0}, "`strides` must be a positive int or 2 of them"),
    ((X, OFFSETS, K), {"data_format": "NHWC"}, "`data_format` must be"),
]


@pytest.mark.parametrize("shapes, arguments, message", BAD, ids=[message[:40] for *_, message in BAD])
def test_bad_input(shapes, arguments, message):
    with pytest.raises(ValueError, match=message):
        deform_conv(*(ones(*shape) for shape in shapes), **arguments)


def test_bad_dtypes():
    with pytest.raises(
        ValueError, match="same floating dtype.* Received: inputs float32, offsets float32, kernel float64"
    ):
        deform_conv(ones(*X), ones(*OFFSETS), ones(*K, dtype=tf.float64))


def test_offsets_of_another_size_where_no_size_is_known():
    """Never read as if they were of another shape: the run ends with an error."""
    run = tf.function(lambda x, o: deform_conv(x, o, ones(1, 1, 4, 2)), autograph=False)
    spec = run.get_concrete_function(tf.TensorSpec([None, None, None, 4]), tf.TensorSpec([None, None, None, 2]))
    assert spec(ones(*X), ones(2, 5, 5, 2)).shape == (2, 5, 5, 2)
    for shape in ((2, 1, 1, 2), (1, 5, 5, 2), (2, 5, 4, 2)):
        with pytest.raises(tf.errors.InvalidArgumentError):
            spec(ones(*X), ones(*shape))
