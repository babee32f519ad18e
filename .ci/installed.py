"""Tries the installed wheel: run by `make dist` with the Python of an environment that holds nothing else."""

import importlib.metadata
import json
import pathlib
import subprocess
import sys
import tempfile

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
COMMAND = pathlib.Path(sys.executable).parent / "tfdynconv"


def command(*arguments, code=0):
    """What the command prints, on stdout or where it fails on stderr."""
    done = subprocess.run([COMMAND, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != code:
        raise SystemExit(f"tfdynconv {' '.join(map(str, arguments))}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout if code == 0 else done.stderr


def check(what, holds):
    print(f"{'ok' if holds else 'FAILED'}: {what}")
    if not holds:
        raise SystemExit(1)


def main(folder):
    import keras
    import numpy as np

    import tfdynconv

    package = pathlib.Path(tfdynconv.__file__).parent
    check("the package is the installed one", REPOSITORY not in package.parents or ".venv-wheel" in package.parts)
    check("its version is the metadata's", importlib.metadata.version("tfdynconv") == tfdynconv.__version__)
    check("types are told", (package / "py.typed").is_file())
    layers = [keras.Input([8, 8, 1]), tfdynconv.CondConv2D(4, 3), keras.layers.GlobalAveragePooling2D()]
    model = keras.Sequential([*layers, tfdynconv.CondDense(3)])
    model.compile("adam", "mse")
    images = np.random.default_rng(0).normal(size=[8, 8, 8, 1]).astype("float32")
    history = model.fit(images, np.ones([8, 3]), epochs=2, verbose=0).history["loss"]
    check("it trains", history[1] < history[0])
    path = folder / "model.keras"
    model.save(path)
    found = json.loads(command("summary", path, "--json"))
    check("summary counts the weights", found["total"]["parameters"] == model.count_params())
    command("convert", path, folder / "model.tflite")
    check("convert writes the file", (folder / "model.tflite").is_file())
    told = command("demo", code=1)
    check("demo says what is missing", "pip install scikit-learn" in told and told.count("\n") == 1)
    check("the version is told", command("--version").strip() == f"tfdynconv {tfdynconv.__version__}")
    check("bash completes", "complete -o filenames -F _tfdynconv tfdynconv" in command("completion", "bash"))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        main(pathlib.Path(scratch))
