"""The command `compare`: two files on the same inputs."""

import numpy as np

import samples
import timing
from failure import Failure
from model import Model
from options import positive

NOTES = """\
Each file runs in one interpreter for all inputs, so that a value kept from the input before would be seen. The relative
difference of an output is max |b - a| / max |a| over all inputs; quantized outputs are compared as the numbers that they
stand for. The latencies are taken turn by turn, a, b, b, a, so that the ratio holds on a busy device too.
"""


def add(commands):
    parser = commands.add_parser("compare", help="difference, size and latency of two files", epilog=NOTES)
    parser.add_argument("a", help="a .tflite file")
    parser.add_argument("b", help="another with the same inputs and outputs")
    parser.add_argument("--data", metavar="X.npy", help="inputs to compare on; .npz with the inputs' names if several")
    parser.add_argument("--inputs", type=positive, default=10, help="random inputs if no data are given (default: 10)")
    parser.add_argument("--tolerance", type=float, help="exit with 1 if an output differs by more than this")
    parser.add_argument("--runs", type=positive, default=50, help="timed, of each (default: 50)")
    parser.add_argument("--threads", type=positive, default=1, help="of the interpreters (default: 1)")
    parser.add_argument("--no-delegate", action="store_true", help="without XNNPACK, on LiteRT's own kernels")
    return parser


def run(asked):
    a, b = (Model(path, asked.threads, delegate=not asked.no_delegate) for path in (asked.a, asked.b))
    names = pairs(a, b, "inputs")
    inputs = samples.read(a, asked.data) if asked.data else drawn(a, b, names, asked.inputs)
    received = [[model(**arrays) for arrays in renamed(inputs, to)] for model, to in ((a, {}), (b, names))]
    outputs = {name: difference(name, other, *received) for name, other in pairs(a, b, "outputs").items()}
    jobs = [job(model, renamed(inputs[:1], to)[0]) for model, to in ((a, {}), (b, names))]
    times = timing.interleaved(jobs, asked.runs, "compared")
    result = {
        "a": {"model": asked.a, "bytes": a.size, "milliseconds": timing.summary(times[:, 0])},
        "b": {"model": asked.b, "bytes": b.size, "milliseconds": timing.summary(times[:, 1])},
        "inputs": len(inputs),
        "relative_difference": outputs,
        "largest_relative_difference": max(outputs.values()),
        "latency_ratio": timing.summary(times[:, 1] / times[:, 0]),
    }
    worst = max(outputs, key=outputs.get)
    if asked.tolerance is not None and not outputs[worst] <= asked.tolerance:
        result["error"] = f"output {worst!r} differs by {outputs[worst]:.3g}, above --tolerance {asked.tolerance:g}."
    return result


def pairs(a, b, what):
    """{name in a: name in b}, by name, or where both have only one."""
    ours, theirs = getattr(a, what), getattr(b, what)
    if set(ours) == set(theirs):
        found = {name: name for name in ours}
    elif len(ours) == len(theirs) == 1:
        found = dict(zip(ours, theirs))
    else:
        raise Failure(f"the files must have the same {what}. Received: {sorted(ours)} and {sorted(theirs)}.")
    for name, other in found.items():
        first, second = ours[name].shape, theirs[other].shape
        if len(first) != len(second) or any(-1 not in sizes and len(set(sizes)) > 1 for sizes in zip(first, second)):
            raise Failure(f"the files must have {what} of the same shapes. Received: {name!r} of {first} and {second}.")
    return found


def drawn(a, b, names, count):
    """Random inputs for both: within the range of the one that is quantized, so that neither has to cut them off."""
    random = np.random.default_rng(0)
    sources = {name: b.inputs[other] if b.inputs[other].scale else a.inputs[name] for name, other in names.items()}
    return [{name: source.draw(random) for name, source in sources.items()} for _ in range(count)]


def renamed(inputs, names):
    return [{names.get(name, name): array for name, array in arrays.items()} for arrays in inputs]


def difference(name, other, ours, theirs):
    first = np.stack([outputs[name] for outputs in ours]).astype("float64")
    second = np.stack([outputs[other] for outputs in theirs]).astype("float64")
    if first.shape != second.shape:
        raise Failure(
            f"output {name!r} has shape {first.shape[1:]} in the one file and {second.shape[1:]} in the other."
        )
    for values, file in ((first, "first"), (second, "second")):
        if not np.isfinite(values).all():
            raise Failure(f"output {name!r} of the {file} file has values that are not finite.")
    apart, scale = np.max(np.abs(first - second), initial=0.0), np.max(np.abs(first), initial=0.0)
    return float(apart / scale) if scale else float(apart > 0)


def job(model, arrays):
    encoded = model.encode(arrays)
    return lambda: model.run(**encoded)


def show(result):
    a, b = result["a"], result["b"]
    for name, each in (("a", a), ("b", b)):
        print(f"{name}: {each['model']}, {each['bytes']:,} bytes, {timing.told(each['milliseconds'], ' ms')}")
    print(f"b has {b['bytes'] / a['bytes']:.3f} times the bytes of a")
    print(f"b takes {timing.told(result['latency_ratio'], ' times')} as long as a")
    for name, value in result["relative_difference"].items():
        print(f"{name}: relative difference {value:.3g} over {result['inputs']} inputs")
