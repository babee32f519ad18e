"""A .tflite in a LiteRT interpreter, its inputs and outputs by name."""

import os

import numpy as np

from failure import Failure
from tensor import Tensor


def runtime():
    """The module of LiteRT's interpreter."""
    try:
        from ai_edge_litert import interpreter
    except ImportError:
        try:
            from tflite_runtime import interpreter  # its older name, still found on small boards
        except ImportError:
            raise Failure("needs LiteRT: pip install ai-edge-litert (or tflite-runtime on older systems).") from None
    return interpreter


class Model:
    """`model(name=array, ...)` gives a dict of arrays; what is quantized in the file is numbers outside.

    Args:
        path: of the file.
        threads: of the interpreter.
        delegate: False leaves out XNNPACK, the delegate that LiteRT takes for a CPU.
    """

    def __init__(self, path, threads=1, delegate=True):
        self.path, self.threads, self.delegate = path, threads, delegate
        self.interpreter = self.loaded()
        signatures = self.interpreter.get_signature_list()
        if signatures:
            runner = self.interpreter.get_signature_runner(the_one(signatures))
            self.run, inputs, outputs = runner, runner.get_input_details(), runner.get_output_details()
        else:  # made by an older converter
            inputs = {detail["name"]: detail for detail in self.interpreter.get_input_details()}
            outputs = {detail["name"]: detail for detail in self.interpreter.get_output_details()}
            self.run = self.run_by_index
            self.indices = {name: detail["index"] for name, detail in {**inputs, **outputs}.items()}
            self.output_names = list(outputs)
        self.inputs = {name: Tensor.of(name, detail) for name, detail in inputs.items()}
        self.outputs = {name: Tensor.of(name, detail) for name, detail in outputs.items()}

    def loaded(self):
        """A new interpreter. Leaves in `self.nodes` the file's ops as they are without a delegate."""
        if not os.path.isfile(self.path):
            raise Failure(f"there is no file {self.path!r}.")
        litert = runtime()
        options = {"model_path": str(self.path), "num_threads": self.threads}
        if not self.delegate:
            options["experimental_op_resolver_type"] = litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        try:
            interpreter = litert.Interpreter(**options)
            self.nodes = nodes(interpreter)
            # an open size is 1 until a call, which may be too small for what follows
            if all(-1 not in detail["shape_signature"] for detail in interpreter.get_input_details()):
                interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise Failure(f"{self.path!r} is no .tflite that this LiteRT can run: {error}") from None
        return interpreter

    @property
    def size(self):
        """Bytes of the file."""
        return os.path.getsize(self.path)

    def run_by_index(self, **arrays):
        for name, array in arrays.items():
            self.interpreter.resize_tensor_input(self.indices[name], array.shape)
        self.interpreter.allocate_tensors()
        for name, array in arrays.items():
            self.interpreter.set_tensor(self.indices[name], array)
        self.interpreter.invoke()
        return {name: self.interpreter.get_tensor(self.indices[name]) for name in self.output_names}

    def encode(self, arrays):
        """The arrays by name as the file takes them, ready for `run`."""
        if set(arrays) != set(self.inputs):
            raise Failure(f"expected the inputs {sorted(self.inputs)}. Received: {sorted(arrays)}.")
        return {name: self.inputs[name].encode(np.asarray(array)) for name, array in arrays.items()}

    def __call__(self, **arrays):
        encoded = self.encode(arrays)
        try:
            outputs = self.run(**encoded)
        except (ValueError, RuntimeError) as error:
            shapes = {name: array.shape for name, array in encoded.items()}
            raise Failure(f"{self.path!r} cannot compute inputs of the shapes {shapes}: {error}") from None
        return {name: self.outputs[name].decode(array) for name, array in outputs.items()}

    def draw(self, random):
        """Random inputs by name."""
        return {name: tensor.draw(random) for name, tensor in self.inputs.items()}


def the_one(signatures):
    """The signature to run: the only one, or among several the one that converters give a model's call."""
    if len(signatures) > 1 and "serving_default" not in signatures:
        raise Failure(f"the model has the signatures {sorted(signatures)}, none of them 'serving_default'.")
    return "serving_default" if "serving_default" in signatures else next(iter(signatures))


def nodes(interpreter):
    """The nodes of the main graph as LiteRT lists them, None where this runtime cannot; it has no public list."""
    details = getattr(interpreter, "_get_ops_details", None)
    return None if details is None else details()
