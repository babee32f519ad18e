"""The verb `benchmark`: how long a `.tflite` takes on this machine, with XNNPACK and without."""

import os
import time

from tfdynconv.cli import options
from tfdynconv.cli.failure import Failure
from tfdynconv.cli.progress import Progress

WARM_UP = 3
NOTES = """\
examples:
  tfdynconv benchmark model.tflite
  tfdynconv benchmark model.tflite --threads 1 4 --runs 200 --json

Random inputs, one after another, from the copy into the interpreter to the copy out of it. With XNNPACK and without take
turns, so that a slow spell of the machine hits both. Needs ai-edge-litert, not TensorFlow.
"""


def add(verbs):
    parser = verbs.add_parser("benchmark", help="latency of a .tflite on this machine", epilog=NOTES)
    parser.add_argument("model", metavar="out.tflite", help="the file")
    parser.add_argument("--threads", type=options.positive, nargs="+", default=[1], metavar="N", help="(default: 1)")
    parser.add_argument("--runs", type=options.positive, default=50, metavar="N", help="for each row (default: 50)")
    return parser


def run(asked):
    if not os.path.isfile(asked.model):
        raise Failure(f"there is no file {asked.model!r}.")
    rows = []
    with Progress("measuring") as progress:
        for threads in dict.fromkeys(asked.threads):
            jobs = {}
            for delegate in (True, False):
                for signature, job in prepared(asked.model, threads, delegate).items():
                    jobs[signature, delegate] = job
            times = interleaved(jobs, asked.runs, progress, f"{threads} thread(s)")
            rows += [
                {"signature": signature, "threads": threads, "xnnpack": delegate, **summary(values)}
                for (signature, delegate), values in times.items()
            ]
    return {"path": asked.model, "size": os.path.getsize(asked.model), "runs": asked.runs, "latency": rows}


def prepared(path, threads, delegate):
    """For each signature a function that runs it once on random inputs of its own."""
    try:
        from ai_edge_litert import interpreter as litert
    except ImportError as error:
        raise Failure("needs LiteRT: pip install ai-edge-litert.") from error
    kinds = litert.OpResolverType
    kind = kinds.BUILTIN if delegate else kinds.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    try:
        interpreter = litert.Interpreter(model_path=path, num_threads=threads, experimental_op_resolver_type=kind)
        signatures = list(interpreter.get_signature_list())
        if not signatures:
            raise Failure(f"{path!r} has no signature; convert it again, tfdynconv and today's converters give it one.")
        jobs = {name: job(interpreter.get_signature_runner(name)) for name in signatures}
        for each in jobs.values():
            each()  # what cannot run is told here
    except (ValueError, RuntimeError) as error:
        raise Failure(f"{path!r} is no .tflite that this LiteRT can run: {error}") from error
    return jobs


def job(runner):
    import numpy as np

    random = np.random.default_rng(0)
    arrays = {name: drawn(name, detail, random) for name, detail in runner.get_input_details().items()}
    return lambda: runner(**arrays)


def drawn(name, detail, random):
    """Normal floats; of integers all that a quantized input can hold, otherwise 0 and 1. An open batch is 1."""
    import numpy as np

    shape, dtype = [int(size) for size in detail["shape_signature"]], np.dtype(detail["dtype"])
    if -1 in shape[1:]:
        raise Failure(f"the size of input {name!r} is open: {shape}. Convert it with a fixed size.")
    shape = [1 if size == -1 else size for size in shape]
    if dtype.kind == "f":
        return random.standard_normal(shape).astype(dtype)
    if dtype.kind not in "iub":
        raise Failure(f"input {name!r} is of dtype {dtype}; only numbers can be drawn at random.")
    quantized = dtype.kind in "iu" and detail["quantization"][0]
    low, high = (np.iinfo(dtype).min, np.iinfo(dtype).max) if quantized else (0, 1)
    return random.integers(low, high, shape, endpoint=True).astype(dtype)


def interleaved(jobs, runs, progress, what):
    """`{name: seconds of each run}`. Every second round goes backwards: no job always finds the caches cold."""
    times = {name: [] for name in jobs}
    for turn in range(runs + WARM_UP):
        progress.what = f"measuring {what}: {turn} of {runs + WARM_UP}"
        for name in list(jobs) if turn % 2 else reversed(jobs):
            begin = time.perf_counter()
            jobs[name]()
            times[name].append(time.perf_counter() - begin)
    return {name: values[WARM_UP:] for name, values in times.items()}


def summary(seconds):
    """Milliseconds: the median, and the quartiles around it."""
    import numpy as np

    low, median, high = 1000 * np.percentile(seconds, [25, 50, 75])
    return {"median_ms": float(median), "quartiles_ms": [float(low), float(high)]}


def as_json(result):
    return result


def as_text(result):
    lines = [f"{result['path']}: {result['size'] / 1024:.1f} kB, {result['runs']} runs each"]
    several = len({row["signature"] for row in result["latency"]}) > 1
    for row in result["latency"]:
        low, high = row["quartiles_ms"]
        where = f"{row['threads']} thread(s), {'XNNPACK' if row['xnnpack'] else 'without XNNPACK'}"
        name = f"{row['signature']}, " if several else ""
        lines.append(f"  {name}{where}: {row['median_ms']:.3f} ms (half of the runs within {low:.3f} and {high:.3f})")
    return "\n".join(lines)
