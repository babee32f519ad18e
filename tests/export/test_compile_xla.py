"""`compile_xla`: the function computes what the model does, and the report says what it costs."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from tfdynconv.export import compile_xla, xla
from tfdynconv.export.xla_report import XlaReport
from tfdynconv.testing.case import redraw


def images(batch, size=6, channels=3):
    return np.random.default_rng(batch).normal(size=(batch, size, size, channels)).astype("float32")


def small_model(size=6):
    layers = [tfdynconv.CondConv2D(4, 3, num_experts=2), keras.layers.BatchNormalization()]
    model = keras.Sequential([keras.Input([size, size, 3]), *layers])
    redraw(model)
    return model


@pytest.fixture(scope="module", autouse=True)
def few_runs():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xla, "SECONDS", 0.0)
        yield


@pytest.fixture(scope="module")
def compiled(few_runs):
    model = small_model()
    return model, *compile_xla(model, (2, 6, 6, 3))


def test_the_function_computes_what_the_model_does(compiled):
    model, function, report = compiled
    np.testing.assert_allclose(function(images(2)), model(images(2)), rtol=1e-4, atol=1e-5)
    assert 0 < report.max_relative_error < 1e-5


def test_it_is_compiled(compiled):
    assert "HloModule" in compiled[1].experimental_get_compiler_ir(tf.constant(images(2)))(stage="hlo")


def test_it_reads_the_weights_where_it_runs():
    model = small_model()
    function, _ = compile_xla(model, (2, 6, 6, 3))
    before = np.asarray(function(images(2)))
    redraw(model, seed=2)
    after = np.asarray(model(images(2)))
    assert np.abs(after - before).max() > 0.1
    np.testing.assert_allclose(function(images(2)), after, rtol=1e-4, atol=1e-5)


def test_the_report(compiled):
    report = compiled[2]
    assert report.inputs.popitem()[1] == (2, 6, 6, 3)
    assert report.device == "CPU" and not report.train and not report.any_batch and not report.left_out
    multiply_adds = 2 * compiled[0].layers[0].cost((2, 6, 6, 3))[1]
    assert 2 * multiply_adds <= report.flops < 4 * multiply_adds  # pooling, sigmoid, bias and normalisation besides
    weights = sum(4 * int(np.prod(w.shape)) for w in compiled[0].weights)
    assert report.bytes > weights and report.temporary_bytes > 0 and report.instructions > 10
    assert report.compile_seconds > 0
    assert report.ratio == report.milliseconds / report.plain_milliseconds > 0


def test_an_unknown_batch_takes_any():
    model = small_model()
    function, report = compile_xla(model, (None, 6, 6, 3))
    assert report.any_batch and report.inputs.popitem()[1] == (1, 6, 6, 3)
    for batch in (3, 1):
        np.testing.assert_allclose(function(images(batch)), model(images(batch)), rtol=1e-4, atol=1e-5)


def test_a_training_step_gives_the_gradients_and_leaves_the_model_as_it_was():
    model = small_model()
    before = [np.array(w) for w in model.weights]
    function, report = compile_xla(model, (4, 6, 6, 3), train=True)
    for weight, value in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(np.array(weight), value)
    assert report.train and report.max_relative_error is None
    variables = [w if callable(getattr(w, "value", None)) else w.value for w in model.trainable_weights]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(images(4), training=True)))
    expected = tape.gradient(loss, variables)
    for received, wanted in zip(function(images(4)), expected, strict=True):
        wanted = np.asarray(wanted)
        np.testing.assert_allclose(received, wanted, rtol=1e-3, atol=1e-5 * np.abs(wanted).max() + 1e-7)


def test_a_training_step_has_the_models_own_losses():
    model = keras.Sequential(
        [
            keras.Input([2, 2, 1]),
            keras.layers.Conv2D(1, 1, use_bias=False, kernel_regularizer=keras.regularizers.L1(0.5)),
        ]
    )
    model.layers[-1].kernel.assign([[[[2.0]]]])
    function, _ = compile_xla(model, (1, 2, 2, 1), train=True)
    (gradient,) = function(np.ones([1, 2, 2, 1], "float32"))
    assert float(np.ravel(gradient)[0]) == pytest.approx(2 * 2 + 0.5)


class TwoInputs(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = tfdynconv.CondConv2D(4, 3, num_experts=2)
        self.embedding = keras.layers.Embedding(5, 4)

    def call(self, inputs):
        return {"a": self.conv(inputs["image"]), "b": self.embedding(inputs["word"])}


def test_a_subclassed_model_of_two_inputs_one_of_integers():
    model = TwoInputs()
    inputs = {"image": images(2), "word": np.array([[1, 4], [0, 2]], "int32")}
    expected = model(inputs)
    shapes = {"image": (2, 6, 6, 3), "word": tf.TensorSpec([2, 2], tf.int32)}
    function, report = compile_xla(model, shapes)
    assert report.inputs == {"image": (2, 6, 6, 3), "word": (2, 2)}
    for name, value in function(inputs).items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-4, atol=1e-5)


REPORT = XlaReport("CPU", {"x": (8, 4)}, True, 0.5, 60, 5_200_000, 900, 0, 1.0, 2.0, None, {"a loop": 2}, True)


def test_the_report_is_readable():
    assert str(REPORT) == (
        "compiled for CPU in 0.5 s: 60 instructions, training step on x 8x4 (any batch works)\n"
        "  5.2 MFLOP, 900 B read and written, 0 B of temporary buffers\n"
        "  one call 1 ms, 0.50 of the plain graph's 2 ms\n"
        "  flops and bytes lack a loop, 2 times"
    )
