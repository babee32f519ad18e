"""Worker: run a .tflite on saved inputs in every way that counts. Run as a script; it imports NumPy and LiteRT alone.

Inputs and outputs are `.npz` files. An input is `"signature/i/name"` for input `name` of run i; an output has the number of the
way before it, `"way/signature/i/name"`. Prints as JSON what is in the file and what the delegate left, and latencies.
"""

import collections
import json
import sys
import time

import numpy as np

# (threads, whether XNNPACK helps); the first is timed
WAYS = [(1, True), (4, True), (1, False), (4, False)]
SECONDS, RUNS = 1.0, 50  # of timing, whatever ends first


def litert():
    """(the interpreter's class, the resolver without XNNPACK)."""
    try:
        from ai_edge_litert import interpreter
    except ImportError:
        sys.modules["keras"] = None  # type: ignore[assignment]  # only slow here
        from tensorflow import lite

        return lite.Interpreter, lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    return interpreter.Interpreter, interpreter.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES


def loaded(model, threads, delegate):
    interpreter, plain = litert()
    options = {} if delegate else {"experimental_op_resolver_type": plain}
    return interpreter(model_path=model, num_threads=threads, **options)


def nodes(interpreter):
    """There is no public list of a model's ops. Of the first signature, which the runtime lists alone."""
    return [
        {**node, "inputs": list(map(int, node["inputs"])), "outputs": list(map(int, node["outputs"]))}
        for node in (
            {k: n[k] for k in ("index", "op_name", "inputs", "outputs")} for n in interpreter._get_ops_details()
        )
    ]


def inventory(model):
    """The nodes before XNNPACK takes its share and after, with the tensors that they name."""
    interpreter = loaded(model, 1, True)
    before = nodes(interpreter)
    dtypes = {int(detail["index"]): np.dtype(detail["dtype"]).name for detail in interpreter.get_tensor_details()}
    interpreter.allocate_tensors()
    outputs = [int(detail["index"]) for detail in interpreter.get_output_details()]
    inputs = [int(detail["index"]) for detail in interpreter.get_input_details()]
    return {"before": before, "after": nodes(interpreter), "dtypes": dtypes, "inputs": inputs, "outputs": outputs}


def timed(runner, arguments, seconds):
    """Milliseconds of single runs."""
    times: list = []
    end = time.perf_counter() + seconds
    while len(times) < 3 or (len(times) < RUNS and time.perf_counter() < end):
        begin = time.perf_counter()
        runner(**arguments)
        times.append(1000 * (time.perf_counter() - begin))
    return times


def main(model, inputs, outputs):
    runs: dict = collections.defaultdict(lambda: collections.defaultdict(dict))
    with np.load(inputs) as arrays:
        for key in arrays:
            signature, index, name = key.split("/", 2)
            runs[signature][index][name] = arrays[key]
    answers, latencies = {}, {}
    for way, (threads, delegate) in enumerate(WAYS):
        print(f"with {threads} threads, XNNPACK {'on' if delegate else 'off'}:", file=sys.stderr, flush=True)
        interpreter = loaded(model, threads, delegate)
        for signature, samples in runs.items():
            runner = interpreter.get_signature_runner(signature)
            for index, arguments in samples.items():
                for name, value in runner(**arguments).items():
                    answers[f"{way}/{signature}/{index}/{name}"] = np.array(value)
            if way == 0:
                latencies[signature] = timed(runner, next(iter(samples.values())), SECONDS / len(runs))
    np.savez(outputs, **answers)
    print(json.dumps({"latencies": latencies, **inventory(model)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
