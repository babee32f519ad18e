"""What goes wrong around an export: it ends with an error that says so, and with nothing half-written."""

import os
import pathlib
import resource
import signal
import subprocess
import sys
import textwrap
import time

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from tfdynconv.export import tflite, to_tflite

ROOT = pathlib.Path(tfdynconv.__file__).parents[1]


def small_model():
    inner = keras.Sequential([keras.Input([6, 6, 2]), tfdynconv.CondConv2D(16, 3, name="dynamic")], name="inner")
    return keras.Sequential([keras.Input([6, 6, 2]), inner, keras.layers.Flatten()])


def test_nan_weights_are_refused_before_the_conversion(tmp_path):
    """The layer is named, however deep."""
    model = small_model()
    kernel = model.layers[0].layers[0].kernel
    values = np.array(kernel)
    values.flat[3] = np.nan
    kernel.assign(values)
    with pytest.raises(ValueError, match=rf"of layer 'dynamic' has NaN.*1 of {values.size} values"):
        to_tflite(model, tmp_path / "m.tflite")
    assert list(tmp_path.iterdir()) == []


SMALL, LARGE = [6, 6, 2], [64, 64, 2]
STEPS = [  # the largest file in bytes, the size of the inputs, where that is too little
    (100, SMALL, "SaveV2"),
    (42_000, SMALL, "the converter failed"),
    (60_000, SMALL, "does not run in LiteRT"),
    (100_000, LARGE, "File too large"),  # where the inputs for LiteRT are written
]


@pytest.mark.parametrize("room, shape, step", STEPS)
def test_a_full_disk(tmp_path, room, shape, step):
    """At whatever step it is full, here by a limit on the size of a file: an error that says so."""
    (tmp_path / "m.tflite").write_bytes(b"an older file")
    model = keras.Sequential([keras.Input(shape), tfdynconv.CondConv2D(64, 3), keras.layers.Flatten()])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        with pytest.raises(ValueError, match="is full, so no file was written.*Make room") as raised:
            to_tflite(model, tmp_path / "m.tflite")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert step in str(raised.value.__cause__)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("m.tflite", b"an older file")]


INTERRUPTED = """
    import signal
    import sys
    import keras
    from tfdynconv.export import child, to_tflite
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what runs in its background without one
    run = child.run
    child.run = lambda script, *arguments: run(sys.argv[2], *arguments)
    model = keras.Sequential([keras.Input([4]), keras.layers.Dense(2)])
    try:
        to_tflite(model, sys.argv[1])
    except KeyboardInterrupt:
        print("interrupted")
"""


def test_an_interruption_in_mid_conversion(tmp_path):
    """SIGINT while the worker runs: it ends, and the temporary folder goes."""
    script, pid_file, folder = tmp_path / "sleeps.py", tmp_path / "pid", tmp_path / "out"
    folder.mkdir()
    script.write_text(
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"  # as one that is deep in C++ does not listen
        "open(sys.argv[2], 'wb').write(b'half')\n"
        f"open({str(pid_file)!r} + '.part', 'w').write(str(os.getpid()))\n"
        f"os.rename({str(pid_file)!r} + '.part', {str(pid_file)!r})\n"
        "time.sleep(300)\n"
    )
    command = [sys.executable, "-c", textwrap.dedent(INTERRUPTED), str(folder / "m.tflite"), str(script)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    caller = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not pid_file.exists() and caller.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    assert list(folder.iterdir()) != []
    caller.send_signal(signal.SIGINT)
    told, complaints = caller.communicate(timeout=60)
    assert told.strip() == "interrupted", complaints
    assert list(folder.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


class NeedsNumbers(keras.layers.Layer):
    def call(self, inputs):
        return tf.constant(np.asarray(inputs.numpy()) * 2.0) if tf.executing_eagerly() else inputs.numpy()

    def compute_output_shape(self, input_shape):
        return input_shape

    def compute_output_spec(self, inputs):
        return keras.KerasTensor(inputs.shape, inputs.dtype)


def test_a_layer_that_cannot_be_traced_is_named(tmp_path):
    model = keras.Sequential([keras.Input([4]), keras.layers.Dense(3), NeedsNumbers(name="eager_only")])
    with pytest.raises(ValueError, match=r"raised in layer 'eager_only' \(NeedsNumbers\)"):
        to_tflite(model, tmp_path / "m.tflite")
    assert list(tmp_path.iterdir()) == []


class BuiltInside(keras.Model):
    """Its layer is built when a `tf.function` first runs."""

    def __init__(self):
        super().__init__()
        self.late = tfdynconv.CondConv2D(4, 3, num_experts=2, name="late")

    @tf.function
    def trunk(self, x):
        return self.late(x)

    def call(self, inputs, training=False):
        return tf.reduce_mean(self.trunk(inputs), [1, 2])


def test_a_layer_first_built_inside_a_function(tmp_path):
    """Keras makes constants of its weights; the error says why the model and the file differ."""
    model = BuiltInside()
    model(tf.ones([1, 6, 6, 2]))
    for weight in model.late.weights:
        weight.assign(np.array(weight) * 2.0 + 1.0)
    with pytest.raises(
        ValueError, match=r"'late' \(CondConv2D\)(?s:.*)first built inside a tf.function.*Build it before"
    ):
        to_tflite(model, tmp_path / "m.tflite")
    assert list(tmp_path.iterdir()) == []


def test_the_last_step_fails(tmp_path, monkeypatch):
    """A folder has come to stand at the destination in the meantime."""
    agreement = tflite.agreement
    monkeypatch.setattr(tflite, "agreement", lambda *a: (tmp_path / "m.tflite").mkdir() or agreement(*a))
    with pytest.raises(ValueError, match="cannot put the file in place.*m.tflite"):
        to_tflite(small_model(), tmp_path / "m.tflite")
    assert [path.name for path in tmp_path.iterdir()] == ["m.tflite"]
