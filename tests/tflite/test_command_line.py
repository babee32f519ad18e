"""tflite/run.py: needs LiteRT and NumPy alone, tells its commands, and ends with the exit code that it promises."""

import json
import subprocess
import sys

import numpy as np
import pytest

from tests.tflite.device import SCRIPT, printed, refused, result, run

COMMANDS = ["info", "classify", "predict", "benchmark", "compare"]


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_but_litert_and_numpy_is_imported(file, tmp_path, command):
    """Nothing is hidden here: TensorFlow lies beside LiteRT, and must be left alone."""
    np.save(tmp_path / "x.npy", np.zeros([1, 4, 5, 3], "float32"))
    more = {"classify": ["x.npy"], "predict": ["x.npy"], "compare": [file("other.tflite")]}.get(command, [])
    program = (
        "import atexit, json, runpy, sys\n"
        "sys.argv = sys.argv[1:]\n"
        "sys.path.insert(0, sys.argv.pop(0))\n"
        "atexit.register(lambda: print('\\n' + json.dumps(sorted({name.split('.')[0] for name in sys.modules}))))\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    arguments = [SCRIPT.parent, SCRIPT, command, file("dense.tflite"), *more]
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    imported = set(json.loads(done.stdout.splitlines()[-1]))
    assert {"ai_edge_litert", "numpy"} <= imported
    assert (
        imported & {"tensorflow", "keras", "tf_keras", "tfdynconv", "jax", "torch", "scipy", "PIL", "sklearn"} == set()
    )


def test_as_a_plain_script(file):
    """From another folder, by its path alone."""
    done = subprocess.run(
        [sys.executable, SCRIPT, "info", file("dense.tflite")],
        capture_output=True,
        text=True,
        cwd=file("dense.tflite").parent,
    )
    assert done.returncode == 0, done.stderr
    assert "input  image: float32 (1, 4, 5, 3)" in done.stdout


def test_help_tells_commands_examples_and_exit_codes():
    told = printed("--help")
    assert [command for command in COMMANDS if f"run.py {command} " not in told] == []
    assert "exit codes:" in told


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(command):
    told = printed(command, "--help")
    assert f"usage: run.py {command}" in told
    assert "--json" in told


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "the following arguments are required: COMMAND"),
        (["convert"], "invalid choice: 'convert'"),
        (["benchmark"], "the following arguments are required: model"),
        (["benchmark", "m.tflite", "--runs", "0"], "positive whole number, received '0'"),
        (["benchmark", "m.tflite", "--threads", "two"], "positive whole number, received 'two'"),
        (["classify", "m.tflite", "x.npy", "--scale", "1/0"], "numbers like 0.5, 1/255 or 1,2,3, received '1/0'"),
        (["classify", "m.tflite", "x.npy", "--offset", "a"], "numbers like 0.5, 1/255 or 1,2,3, received 'a'"),
    ],
)
def test_wrong_usage(arguments, message):
    refused(message, *arguments, code=2)


def test_no_runtime(file):
    hidden = ["ai_edge_litert", "tflite_runtime"]
    refused("^run.py: needs LiteRT: pip install ai-edge-litert", "info", file("dense.tflite"), hidden=hidden)


def test_under_its_older_name(file, tmp_path):
    """`tflite_runtime`, where there is no LiteRT: here a stand-in that hands LiteRT on."""
    (tmp_path / "tflite_runtime").mkdir()
    program = "import sys\nsys.modules.pop('ai_edge_litert')\nfrom ai_edge_litert.interpreter import *\n"
    (tmp_path / "tflite_runtime" / "interpreter.py").write_text(program)
    done = run("info", file("dense.tflite"), cwd=tmp_path, hidden=["ai_edge_litert"])
    assert done.returncode == 0, done.stderr
    assert "output scores" in done.stdout


def test_no_such_model(tmp_path):
    refused("^run.py: there is no file .*missing.tflite", "info", tmp_path / "missing.tflite")


def test_another_kind_of_file(tmp_path):
    (tmp_path / "text.tflite").write_text("this is text, and more of it than a header would have")
    refused("^run.py: .*text.tflite' is no .tflite", "info", tmp_path / "text.tflite")


def test_several_signatures(tmp_path):
    """The one that converters give a model's call is taken; without it, one cannot know."""
    import tensorflow as tf

    class Both(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([1, 2], name="x")])
        def double(self, x):
            return {"y": 2.0 * x}

        @tf.function(input_signature=[tf.TensorSpec([1, 2], name="x")])
        def triple(self, x):
            return {"y": 3.0 * x}

    both = Both()
    np.save(tmp_path / "x.npy", np.ones([1, 2], "float32"))
    for name in ("serving_default", "triple"):
        tf.saved_model.save(both, str(tmp_path / name), {"double": both.double, name: both.triple})
        converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / name), signature_keys=["double", name])
        (tmp_path / f"{name}.tflite").write_bytes(converter.convert())
    told = result("predict", tmp_path / "serving_default.tflite", tmp_path / "x.npy")
    assert told["outputs"]["y"]["largest"] == 3.0
    message = r"has the signatures \['double', 'triple'\], none of them 'serving_default'"
    refused(message, "predict", tmp_path / "triple.tflite", tmp_path / "x.npy")


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (["info", "{a}"], {1}),
        (["info", "{a}", "--threads", "3"], {3}),
        (["predict", "{a}", "{x}", "--threads", "3"], {3}),
        (["classify", "{a}", "{x}", "--threads", "3"], {3}),
        (["compare", "{a}", "{a}", "--threads", "3", "--runs", "1"], {3}),
        (["benchmark", "{a}", "--runs", "1"], {1}),
        (["benchmark", "{a}", "--threads", "3", "2", "--runs", "1"], {3, 2}),
    ],
)
def test_threads_reach_the_interpreter(file, module, monkeypatch, tmp_path, arguments, expected):
    from ai_edge_litert import interpreter as litert

    asked = []

    class Recorded(litert.Interpreter):
        def __init__(self, num_threads, **options):
            asked.append(num_threads)
            super().__init__(num_threads=num_threads, **options)

    monkeypatch.setattr(litert, "Interpreter", Recorded)
    np.save(tmp_path / "x.npy", np.zeros([1, 4, 5, 3], "float32"))
    module("run").main([word.format(a=file("dense.tflite"), x=tmp_path / "x.npy") for word in arguments])
    assert set(asked) == expected
