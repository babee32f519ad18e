"""Worker: list the weights of a .tflite. Run as a script; it imports NumPy and LiteRT alone.

A weight is a constant of at least so many elements that a product takes: biases, which are added, are none.
"""

import json
import sys

import numpy as np

PRODUCTS = {
    *(
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "TRANSPOSE_CONV",
        "CONV_3D",
        "CONV_3D_TRANSPOSE",
        "FULLY_CONNECTED",
        "BATCH_MATMUL",
    ),
    *("MUL", "GATHER", "EMBEDDING_LOOKUP"),
}
MOVES = {
    "RESHAPE",
    "TRANSPOSE",
    "STRIDED_SLICE",
    "SLICE",
    "SPLIT",
    "SPLIT_V",
    "CONCATENATION",
    "PACK",
    "UNPACK",
    "SQUEEZE",
}


def interpreter_class():
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        sys.modules["keras"] = None  # type: ignore[assignment]  # only slow here
        from tensorflow import lite

        return lite.Interpreter
    return Interpreter


def taker(index, nodes):
    """The name of the first product that takes a tensor, moved or not; None if there is none."""
    waiting, seen = [index], set()
    while waiting:
        index = waiting.pop()
        for node in nodes:
            if index in node["inputs"] and node["index"] not in seen:
                if node["op_name"] in PRODUCTS:
                    return node["op_name"]
                if node["op_name"] in MOVES:
                    seen.add(node["index"])
                    waiting.extend(node["outputs"])
    return None


def main(model, smallest):
    interpreter = interpreter_class()(model_path=model)
    # there is no public list of a model's ops
    nodes = [
        {**node, "inputs": set(map(int, node["inputs"])), "outputs": list(map(int, node["outputs"]))}
        for node in interpreter._get_ops_details()
    ]
    computed = {index for node in nodes for index in node["outputs"]}
    computed |= {detail["index"] for detail in interpreter.get_input_details()}
    weights = []
    for detail in interpreter.get_tensor_details():
        shape = [int(size) for size in detail["shape"]]
        if detail["index"] in computed or len(shape) < 2 or np.prod(shape) < int(smallest):
            continue
        op = taker(detail["index"], nodes)
        if op is not None:
            dtype = np.dtype(detail["dtype"]).name
            weights.append({"name": detail["name"], "shape": shape, "dtype": dtype, "op": op})
    print(json.dumps(weights))


if __name__ == "__main__":
    main(*sys.argv[1:])
