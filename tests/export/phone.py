"""The phone's part: run a `.tflite` by the names of its inputs, by other code than the package's own check."""

import numpy as np


def interpreter_of(path):
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        from tensorflow import lite

        Interpreter = lite.Interpreter
    return Interpreter(model_path=str(path))


class Phone:
    """A file in an interpreter; calling it with arrays gives a dict of outputs."""

    def __init__(self, path):
        self.interpreter = interpreter_of(path)
        self.ops = [op["op_name"] for op in self.interpreter._get_ops_details()]
        self.runner = self.interpreter.get_signature_runner()
        self.inputs = {name: described(d) for name, d in self.runner.get_input_details().items()}
        self.outputs = {name: described(d) for name, d in self.runner.get_output_details().items()}

    def __call__(self, **arrays):
        return {name: np.array(value) for name, value in self.runner(**arrays).items()}

    def draw(self, seed):
        """Random inputs: integers from 0 to 2, floats as a phone may have them, not centred."""
        random = np.random.default_rng(seed)
        whole = {name: random.integers(0, 3, shape) for name, (_, shape) in self.inputs.items()}
        return {
            name: whole[name].astype(dtype) if "int" in dtype else random.normal(0.3, size=shape).astype(dtype)
            for name, (dtype, shape) in self.inputs.items()
        }


def described(detail):
    return np.dtype(detail["dtype"]).name, tuple(int(size) for size in detail["shape"])
