"""tflite/run.py: runs an exported model on LiteRT alone, agrees with Keras, and explains what it cannot do."""

import pathlib
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdynconv

SCRIPT = pathlib.Path(__file__).parent.parent / "tflite" / "run.py"


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """(the model, its file): an image and an integer in, two outputs."""
    keras.utils.set_random_seed(1)
    image, kind = keras.Input([6, 6, 2], name="image"), keras.Input([1], dtype="int32", name="kind")
    x = keras.layers.GlobalAveragePooling2D()(tfdynconv.CondConv2D(4, 3, num_experts=2)(image))
    y = keras.layers.Flatten()(keras.layers.Embedding(5, 4)(kind))
    model = keras.Model({"image": image, "kind": kind}, {"sum": keras.layers.Add()([x, y]), "x": x})
    path = tmp_path_factory.mktemp("run") / "model.tflite"
    tfdynconv.export.to_tflite(model, path)
    return model, path


@pytest.fixture
def arrays(tmp_path):
    """One sample, and the folder in which it lies as .npy files."""
    sample = {
        "image": np.random.default_rng(0).normal(size=(1, 6, 6, 2)).astype("float32"),
        "kind": np.array([[4]], "int32"),
    }
    for name, array in sample.items():
        np.save(tmp_path / f"{name}.npy", array)
    return sample


def run(*arguments, cwd=None, hidden=()):
    """The script in a process where importing TensorFlow, Keras, this package or what is `hidden` is an error."""
    program = (
        "import runpy, sys\n"
        f"sys.modules.update(dict.fromkeys({['tensorflow', 'keras', 'tfdynconv', *hidden]}))\n"  # None: no import
        "sys.argv = sys.argv[1:]\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    command = [sys.executable, "-c", program, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd)


def test_it_computes_what_keras_does(exported, arrays, tmp_path):
    model, path = exported
    named = ["--input", "kind=kind.npy", "--input", "image=image.npy"]
    done = run(path, *named, "--repeat", 2, "--threads", 2, "--save", "out.npz", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    expected = model(arrays, training=False)
    with np.load(tmp_path / "out.npz") as saved:
        assert sorted(saved) == ["sum", "x"]
        for name in saved:
            np.testing.assert_allclose(saved[name], expected[name], rtol=1e-4, atol=1e-5)
            assert f"{name}: mean {saved[name].mean():.6g}, " in done.stdout
            assert f"largest {saved[name].max():.6g} at (0, {saved[name].argmax()})" in done.stdout


def test_it_tells_inputs_outputs_and_latency(exported):
    """On random inputs, since none are given."""
    done = run(exported[1], "--repeat", 3)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "input  image: float32 (1, 6, 6, 2)" in lines
    assert "input  kind: int32 (1, 1)" in lines
    assert {"output sum: float32 (1, 4)", "output x: float32 (1, 4)"} <= set(lines)
    assert re.search(r"^median of 3 runs on 1 thread\(s\): \d+\.\d+ ms$", done.stdout, re.MULTILINE)


def test_inputs_without_names_go_in_the_order_that_is_printed(exported, arrays, tmp_path):
    printed = re.findall(r"^input  (\w+):", run(exported[1]).stdout, re.MULTILINE)
    plain = [text for name in printed for text in ("--input", f"{name}.npy")]
    done = run(exported[1], *plain, "--save", "plain.npz", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "plain.npz") as saved:
        np.testing.assert_allclose(saved["sum"], exported[0](arrays)["sum"], rtol=1e-4, atol=1e-5)


def test_under_its_older_name(exported, tmp_path):
    """`tflite_runtime`, where there is no LiteRT: here a stand-in that hands LiteRT on."""
    (tmp_path / "tflite_runtime").mkdir()
    program = "import sys\nsys.modules.pop('ai_edge_litert')\nfrom ai_edge_litert.interpreter import Interpreter\n"
    (tmp_path / "tflite_runtime" / "interpreter.py").write_text(program)
    done = run(exported[1], cwd=tmp_path, hidden=["ai_edge_litert"])
    assert done.returncode == 0, done.stderr
    assert "output sum" in done.stdout


def test_a_file_without_a_signature(tmp_path):
    """As older converters write: inputs and outputs go by the names of their tensors."""
    function = tf.function(lambda x: 2.0 * x + 1.0).get_concrete_function(tf.TensorSpec([1, 3], name="x"))
    content = tf.lite.TFLiteConverter.from_concrete_functions([function], None).convert()
    (tmp_path / "m.tflite").write_bytes(content)
    np.save(tmp_path / "x.npy", np.array([[1.0, 2.0, 3.0]], "float32"))
    done = run("m.tflite", "--input", "x.npy", "--save", "out.npz", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "input  x" in done.stdout
    with np.load(tmp_path / "out.npz") as saved:
        (value,) = saved.values()
    np.testing.assert_allclose(value, [[3.0, 5.0, 7.0]])


def refused(message, *arguments, **options):
    done = run(*arguments, **options)
    assert done.returncode != 0
    assert re.search(message, done.stderr), done.stderr
    assert "Traceback" not in done.stderr


def test_no_runtime(exported):
    refused(
        "run.py: needs LiteRT: pip install ai-edge-litert", exported[1], hidden=["ai_edge_litert", "tflite_runtime"]
    )


def test_no_such_model(tmp_path):
    refused("run.py: there is no file .*missing.tflite", tmp_path / "missing.tflite")


def test_another_kind_of_file(tmp_path):
    (tmp_path / "text.tflite").write_text("this is text, and more of it than a header would have")
    refused("run.py: .*text.tflite' is no .tflite", tmp_path / "text.tflite")


def test_wrong_inputs(exported, arrays, tmp_path):
    """Shape, dtype, number, names and files: LiteRT itself would resize on a wrong shape."""
    path = exported[1]
    np.save(tmp_path / "small.npy", arrays["image"][0])
    np.save(tmp_path / "wide.npy", arrays["image"][:, :5])
    np.savez(tmp_path / "several.npz", **arrays)
    (tmp_path / "text.npy").write_text("no array")

    def image(text):
        return ("--input", f"image={text}", "--input", "kind=kind.npy")

    for text, message in [
        ("small.npy", r"input 'image' must have shape \(1, 6, 6, 2\). Received: an array of shape \(6, 6, 2\)"),
        ("wide.npy", r"input 'image' must have shape \(1, 6, 6, 2\). Received: an array of shape \(1, 5, 6, 2\)"),
        ("missing.npy", "cannot read an array from 'missing.npy'"),
        ("text.npy", "cannot read an array from 'text.npy'"),
        ("several.npz", "'several.npz' is an .npz"),
    ]:
        refused(f"run.py: {message}", path, *image(text), cwd=tmp_path)
    np.save(tmp_path / "kind.npy", np.array([[1.5]]))
    refused("run.py: input 'kind' must be int32. Received: float64", path, *image("image.npy"), cwd=tmp_path)
    refused(r"run.py: expected --input 2 times, for \['", path, "--input", "image.npy", cwd=tmp_path)
    refused("'image' is given twice", path, "--input", "image=image.npy", "--input", "image=image.npy", cwd=tmp_path)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--repeat", "0"], "positive whole number, received '0'"),
        (["--threads", "two"], "positive whole number, received 'two'"),
        (["--save", "out.txt"], "--save must end in .npz"),
        (["--save", "missing/out.npz"], "cannot write 'missing/out.npz'"),
    ],
)
def test_wrong_options(exported, tmp_path, arguments, message):
    refused(message, exported[1], *arguments, cwd=tmp_path)
