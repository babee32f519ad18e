"""Where the converter fails or dies, the error says why, and neither half a file nor a temporary one is left."""

import pathlib

import keras
import pytest
import tensorflow as tf

from tfdynconv.export import child, conversion, tflite, to_tflite, verification


class WithoutBuiltin(keras.layers.Layer):
    """Ops that are no builtins: one that only TensorFlow has, one that the Flex delegate would bring."""

    def call(self, inputs):
        first = tf.raw_ops.Betainc(a=tf.abs(inputs) + 1.0, b=tf.abs(inputs) + 2.0, x=tf.sigmoid(inputs))
        return first + tf.linalg.diag_part(tf.linalg.inv(tf.eye(3) + inputs[:, :, None] * inputs[:, None, :]))

    def compute_output_shape(self, input_shape):
        return input_shape


def model_of(*layers):
    return keras.Sequential([keras.Input([4], name="x"), keras.layers.Dense(3), *layers])


def test_ops_without_a_builtin_are_named(tmp_path):
    """Each, and by what, so that one knows which layer to replace."""
    (tmp_path / "m.tflite").write_bytes(b"an older file")
    with pytest.raises(ValueError, match="have no TFLite builtin, so no file was written") as raised:
        to_tflite(model_of(WithoutBuiltin(name="strange")), tmp_path / "m.tflite")
    told = str(raised.value)
    assert "Betainc" in told and "MatrixInverse" in told
    assert "layer 'strange' (WithoutBuiltin)" in told
    assert "Replace the layer" in told
    assert len(told.splitlines()) < 15
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("m.tflite", b"an older file")]


@pytest.fixture
def worker_aborts(monkeypatch):
    """Makes `module` start a worker that aborts."""
    run = child.run
    script = str(pathlib.Path(__file__).with_name("aborts.py"))

    def arrange(module):
        aborting = type(child)("child")
        aborting.ChildError = child.ChildError
        aborting.run = lambda _, *arguments: run(script, *arguments)
        monkeypatch.setattr(module, "child", aborting)

    return arrange


def test_a_converter_that_aborts(tmp_path, worker_aborts):
    """It takes neither this process along, nor leaves what it had written."""
    worker_aborts(conversion)
    with pytest.raises(ValueError, match="the converter failed; no file was written") as raised:
        to_tflite(model_of(), tmp_path / "m.tflite")
    assert "(ended by SIGABRT)" in str(raised.value)
    assert "LLVM ERROR: the worker met its end" in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_an_interpreter_that_aborts(tmp_path, monkeypatch, worker_aborts):
    worker_aborts(verification)
    monkeypatch.setattr(
        tflite, "convert", lambda saved_model, destination, *_: pathlib.Path(destination).write_bytes(b"file")
    )
    with pytest.raises(ValueError, match="does not run in LiteRT, so no file was written") as raised:
        to_tflite(model_of(), tmp_path / "m.tflite")
    assert "(ended by SIGABRT)" in str(raised.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", ["save", "convert", "run_tflite", "run_keras", "agreement"])
def test_an_interruption_leaves_nothing(tmp_path, monkeypatch, no_conversion, step):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(tflite, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        to_tflite(model_of(), tmp_path / "m.tflite")
    assert list(tmp_path.iterdir()) == []


def test_no_temporary_files_elsewhere(tmp_path, monkeypatch, no_conversion):
    """All of them are in the folder of the file, so that the finished one can be moved, not copied, into place."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    seen = []
    agreement = tflite.agreement
    monkeypatch.setattr(tflite, "agreement", lambda *a: seen.extend(tmp_path.glob(".m.tflite.*")) or agreement(*a))
    to_tflite(model_of(), tmp_path / "m.tflite")
    assert len(seen) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "m.tflite"]
    assert list(elsewhere.iterdir()) == []
