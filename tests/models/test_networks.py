"""Networks as Keras models: they train, are saved and loaded, take any size and precision, and reach a phone."""

import keras
import numpy as np
import pytest

import tfdynconv
from tests.surgery.networks import alive
from tfdynconv import models
from tfdynconv.models.catalogue import last_blocks, late_stages
from tfdynconv.models.parity_split import ParitySplit

SMALL = {"classes": 3, "input_shape": (32, 32, 3)}
STAGES = ((1, 8, 1, 1), (6, 16, 2, 2))
BUILD = {
    "mobilenet_v1, CondConv": lambda **a: models.mobilenet_v1(models.condconv(last_blocks(2, "classifier"), 2), **a),
    "mobilenet_v2, ODConv": lambda **a: models.mobilenet_v2(models.odconv(2), 0.5, stages=STAGES, **a),
    "mobilenet_v2, DynamicConv": lambda **a: models.mobilenet_v2(models.dynamic_conv(2), 0.5, stages=STAGES, **a),
    "resnet": lambda **a: models.resnet(18, models.dynamic_conv(2, lambda place: place.role == "shortcut"), **a),
    "efficientnet": lambda **a: models.efficientnet(models.condconv(late_stages, 2), **a),
    "shufflenet_v2": lambda **a: models.shufflenet_v2(models.drconv(2, 2), 0.5, **a),
    "dy_mobile": lambda **a: models.dy_mobile(group_size=2, **a),
}


def sampled(quick):
    return [name if name in quick else pytest.param(name, marks=pytest.mark.slow) for name in BUILD]


def images(count=4, size=32):
    return np.random.default_rng(0).normal(size=[count, size, size, 3]).astype("float32")


@pytest.mark.parametrize("name", sampled({"mobilenet_v2, ODConv"}))
def test_it_trains_and_is_saved(name, tmp_path):
    model = BUILD[name](**SMALL)
    before = [weight.numpy() for weight in model.trainable_weights]
    model.compile(keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy", jit_compile=False)
    model.fit(images(), np.array([0, 1, 2, 0]), batch_size=4, epochs=1, verbose=0)
    still = [w.path for w, old in zip(model.trainable_weights, before) if np.array_equal(w.numpy(), old)]
    assert len(still) <= len(before) // 20, still  # a unit that is dead at the start
    outputs = model.predict(images(), verbose=0)
    assert np.allclose(outputs.sum(-1), 1.0, atol=1e-5)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert np.allclose(loaded.predict(images(), verbose=0), outputs, atol=1e-6)


@pytest.mark.parametrize("name", sampled({"mobilenet_v2, DynamicConv"}))
def test_any_size_in_mixed_precision(name):
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model = BUILD[name](classes=3, input_shape=(None, None, 3))
        for size in (32, 41):
            assert np.isfinite(model(images(2, size)).numpy()).all()
    finally:
        keras.mixed_precision.set_global_policy("float32")


@pytest.mark.parametrize("name", sampled({"mobilenet_v2, ODConv"}))
def test_a_phone_takes_it(name, tmp_path):
    model = alive(BUILD[name](**SMALL))
    tfdynconv.export.to_tflite(model, tmp_path / "model.tflite", tolerance=0.005)


def test_symmetric_padding_is_the_authors():
    """A strided convolution sees one row above the image; TensorFlow's "same" sees none of an even one."""
    for padding, above in (("symmetric", 1), ("same", 0)):
        model = models.mobilenet_v2(stages=STAGES, padding=padding, **SMALL)
        stem = keras.Model(model.input, model.get_layer("features.0.0").output)
        kernel = np.zeros([3, 3, 3, 32], "float32")
        kernel[0, 1] = 1.0
        model.get_layer("features.0.0").set_weights([kernel])
        first_row = stem(np.ones([1, 32, 32, 3], "float32")).numpy()[0, 0]
        assert (first_row == 0).all() == bool(above)


def test_a_block_has_one_routing():
    """Each convolution of a CondConv block hears the coefficients of the block's input."""
    model = BUILD["efficientnet"](**SMALL)
    block = {
        layer.name.removeprefix("blocks.5.1."): layer for layer in model.layers if layer.name.startswith("blocks.5.1.")
    }
    assert tuple(block["routing_fn"].input.shape[1:]) == tuple(model.get_layer("blocks.5.0.bn3").output.shape[1:])
    for name in ("bn1", "bn2"):
        block[name].beta.assign(np.ones(block[name].beta.shape))  # so that something reaches every convolution
    outputs = keras.Model(model.input, [block[name].output for name in ("conv_pw", "conv_dw", "conv_pwl")])
    before = [np.abs(output).max() for output in outputs(images())]
    block["routing_fn"].dense.bias.assign([-100.0, -100.0])  # no expert takes part
    after = [np.abs(output).max() for output in outputs(images())]
    assert min(before) > 0 and all(now < 1e-20 * then for now, then in zip(after, before)), (before, after)


def test_a_routing_looks_at_the_input_of_its_block():
    """Even where the first dynamic convolution stands at the block's end."""
    last = models.condconv(lambda place: place.role == "project", 2)
    model = models.mobilenet_v2(last, stages=STAGES, **SMALL)
    assert tuple(model.get_layer("features.2.routing_fn").input.shape) == (None, 16, 16, 8)


def test_what_is_left_out_in_training():
    """The rate of leaving a block out grows with the depth; the first block is never left out."""
    model = models.efficientnet(drop_connect=0.2, **SMALL)
    rates = [layer.rate for layer in model.layers if layer.name.endswith(".drop")]
    assert rates == sorted(rates) and np.allclose([rates[0], rates[-1]], [0.2 * 2 / 16, 0.2 * 14 / 16])


def test_parities():
    even, odd = ParitySplit()(np.arange(6, dtype="float32").reshape(1, 1, 1, 6))
    assert (even.numpy().ravel().tolist(), odd.numpy().ravel().tolist()) == ([0, 2, 4], [1, 3, 5])


def test_a_place_is_told():
    """Every convolution of a network asks the rule, each with its place."""
    asked = []

    def where(place):
        asked.append(place)
        return False

    models.resnet(18, models.Convolutions(tfdynconv.CondConv2D, dense=tfdynconv.CondDense, where=where), **SMALL)
    assert {place.role for place in asked} == {"stem", "conv", "shortcut", "classifier"}
    assert {place.block for place in asked} == {None, *range(1, 9)}
    assert {(p.stage, p.from_the_end) for p in asked if p.block == 8} == {(4, 1)}


@pytest.mark.parametrize(
    "build, message",
    [
        (lambda: models.resnet(34), r"`depth` must be one of \[18, 50, 101\]. Received: depth=34"),
        (lambda: models.resnet(50, strided="first"), "`strided` must be '3x3' or '1x1'. Received: strided='first'"),
        (lambda: models.shufflenet_v2(width=2.0), r"`width` must be one of \[0.5, 1.0, 1.5\]. Received: width=2.0"),
        (lambda: models.mobilenet_v1(padding="valid"), "`padding` must be one of .*Received: padding='valid'"),
    ],
)
def test_wrong_arguments(build, message):
    with pytest.raises(ValueError, match=message):
        build()
