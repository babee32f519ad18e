"""Worker: run a .tflite on saved inputs through one interpreter. Run as a script; it imports NumPy and LiteRT alone.

Inputs and outputs are `.npz` files with an array `"i/name"` for input or output `name` of run i. Prints the ops as JSON.
"""

import collections
import json
import sys

import numpy as np


def interpreter_class():
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        sys.modules["keras"] = None  # only slow here
        from tensorflow import lite

        return lite.Interpreter
    return Interpreter


def main(model, inputs, outputs):
    interpreter = interpreter_class()(model_path=model, num_threads=1)
    # before the delegate takes its share; there is no public list of a model's ops
    ops = collections.Counter(op["op_name"] for op in interpreter._get_ops_details())
    runner = interpreter.get_signature_runner("serving_default")
    runs = collections.defaultdict(dict)
    with np.load(inputs) as arrays:
        for key in arrays:
            index, name = key.split("/", 1)
            runs[index][name] = arrays[key]
    answers = {}
    for index, arguments in runs.items():
        for name, value in runner(**arguments).items():
            answers[f"{index}/{name}"] = np.array(value)
    np.savez(outputs, **answers)
    print(json.dumps(ops))


if __name__ == "__main__":
    main(*sys.argv[1:])
