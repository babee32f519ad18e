"""Run a .tflite with LiteRT and NumPy alone, as a device would: Android (Termux), Raspberry Pi, any Linux, macOS, Windows.

    python tflite/run.py model.tflite                            # on random inputs
    python tflite/run.py model.tflite --input image.npy --repeat 50 --threads 4 --save outputs.npz
    python tflite/run.py model.tflite --input image=image.npy --input kind=kind.npy

Prints the inputs and outputs of the file, the median latency and a summary of the outputs.
"""

import argparse
import os
import statistics
import sys
import time

import numpy as np


class Failure(Exception):
    """Something that the user can mend; the message says how."""


def interpreter_class():
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        try:
            from tflite_runtime.interpreter import Interpreter  # its older name, still found on small boards
        except ImportError:
            raise Failure("needs LiteRT: pip install ai-edge-litert (or tflite-runtime on older systems).") from None
    return Interpreter


class Model:
    """A .tflite in an interpreter: `model(name=array, ...)` gives a dict of arrays.

    `inputs` and `outputs` map names to (shape, dtype); a size of -1 stands for any.
    """

    def __init__(self, path, threads=1):
        if not os.path.isfile(path):
            raise Failure(f"there is no file {path!r}.")
        interpreter = interpreter_class()
        try:
            self.interpreter = interpreter(model_path=path, num_threads=threads)
            self.interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise Failure(f"{path!r} is no .tflite that this LiteRT can run: {error}") from None
        if self.interpreter.get_signature_list():
            runner = self.interpreter.get_signature_runner()
            self.run, inputs, outputs = runner, runner.get_input_details(), runner.get_output_details()
        else:  # made by an older converter
            inputs = {detail["name"]: detail for detail in self.interpreter.get_input_details()}
            outputs = {detail["name"]: detail for detail in self.interpreter.get_output_details()}
            self.run = self.run_by_index
            self.indices = {name: detail["index"] for name, detail in {**inputs, **outputs}.items()}
            self.output_names = list(outputs)
        self.inputs = {name: described(detail) for name, detail in inputs.items()}
        self.outputs = {name: described(detail) for name, detail in outputs.items()}

    def run_by_index(self, **arrays):
        for name, array in arrays.items():
            self.interpreter.set_tensor(self.indices[name], array)
        self.interpreter.invoke()
        return {name: self.interpreter.get_tensor(self.indices[name]) for name in self.output_names}

    def __call__(self, **arrays):
        if set(arrays) != set(self.inputs):
            raise Failure(f"expected the inputs {sorted(self.inputs)}. Received: {sorted(arrays)}.")
        return self.run(**{name: self.fitted(name, array) for name, array in arrays.items()})

    def fitted(self, name, array):
        """The array in the input's dtype. LiteRT would take another shape, and resize, or crash in, what follows."""
        shape, dtype = self.inputs[name]
        if array.ndim != len(shape) or any(size not in (-1, given) for size, given in zip(shape, array.shape)):
            raise Failure(f"input {name!r} must have shape {shape}. Received: an array of shape {array.shape}.")
        if not np.can_cast(array.dtype, dtype, "same_kind"):
            raise Failure(f"input {name!r} must be {dtype}. Received: {array.dtype}.")
        return np.ascontiguousarray(array, dtype)

    def random_inputs(self):
        """Floats: normal. Integers: 0 and 1, in range for nearly every model. The same ones every time."""
        random = np.random.default_rng(0)
        drawn = {}
        for name, (shape, dtype) in self.inputs.items():
            shape = [max(size, 1) for size in shape]
            drawn[name] = (random.normal(size=shape) if dtype.kind == "f" else random.integers(0, 2, shape)).astype(
                dtype
            )
        return drawn


def described(detail):
    shape = detail.get("shape_signature", ())
    return tuple(int(size) for size in (shape if len(shape) else detail["shape"])), np.dtype(detail["dtype"])


def read_inputs(model, texts):
    """Arrays by name from `file.npy`, in the order in which the inputs are printed, or `name=file.npy`."""
    if len(texts) != len(model.inputs):
        raise Failure(f"expected --input {len(model.inputs)} times, for {list(model.inputs)}. Received: {len(texts)}.")
    arrays = {}
    for name, text in zip(model.inputs, texts):
        given, equals, path = text.partition("=")
        name, path = (given, path) if equals and given in model.inputs else (name, text)
        if name in arrays:
            raise Failure(f"--input {name!r} is given twice. Name every input, or none: --input name=array.npy.")
        try:
            arrays[name] = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise Failure(f"cannot read an array from {path!r}: {error}") from None
        if not isinstance(arrays[name], np.ndarray):
            raise Failure(f"{path!r} is an .npz; give one .npy file for each input.")
    return arrays


def latency(model, arrays, repeat):
    """(outputs, median milliseconds) of `repeat` runs after one that is not counted."""
    outputs, times = model(**arrays), []
    for _ in range(repeat):
        start = time.perf_counter()
        outputs = model(**arrays)
        times.append(1000 * (time.perf_counter() - start))
    return outputs, statistics.median(times)


def summary(array):
    if array.size == 0 or array.dtype.kind not in "fiub":
        return f"{array.size} values"
    place = tuple(int(i) for i in np.unravel_index(int(array.argmax()), array.shape))
    return f"mean {array.mean():.6g}, smallest {array.min():.6g}, largest {array.max():.6g} at {place}"


def positive(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a positive whole number, received {text!r}")
    return int(text)


def options(arguments):
    parser = argparse.ArgumentParser(prog="run.py", description="Run a .tflite with LiteRT and NumPy alone.")
    parser.add_argument("model", help="the .tflite file")
    parser.add_argument("--input", action="append", default=[], metavar="[NAME=]ARRAY.npy", help="once for each input")
    parser.add_argument("--repeat", type=positive, default=20, help="timed runs (default: 20)")
    parser.add_argument("--threads", type=positive, default=1, help="of the interpreter (default: 1)")
    parser.add_argument("--save", metavar="OUTPUTS.npz", help="write the outputs there")
    return parser.parse_args(arguments)


def main(arguments=None):
    asked = options(arguments)
    if asked.save and not asked.save.endswith(".npz"):
        raise Failure(f"--save must end in .npz. Received: {asked.save!r}.")
    model = Model(asked.model, asked.threads)
    for kind, described_by_name in (("input", model.inputs), ("output", model.outputs)):
        for name, (shape, dtype) in described_by_name.items():
            print(f"{kind:6} {name}: {dtype} {shape}")
    arrays = read_inputs(model, asked.input) if asked.input else model.random_inputs()
    outputs, milliseconds = latency(model, arrays, asked.repeat)
    print(f"median of {asked.repeat} runs on {asked.threads} thread(s): {milliseconds:.3f} ms")
    for name, array in outputs.items():
        print(f"{name}: {summary(np.asarray(array))}")
    if asked.save:
        try:
            np.savez(asked.save, **outputs)
        except OSError as error:
            raise Failure(f"cannot write {asked.save!r}: {error.strerror}.") from None


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"run.py: {failure}")
