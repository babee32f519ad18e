"""The command `benchmark`: how long one input takes."""

import numpy as np

import samples
import timing
from model import Model
from options import positive

NOTES = """\
One input again and again, from the copy into the interpreter to the copy out of it; three runs before are not counted.
Compare on the device that it is for, and with the model that you have now: `compare` does it turn by turn.
"""


def add(commands):
    usage = "run.py benchmark model [--threads N [N ...]] [--runs N] [--no-delegate] [--data X.npy] [--json]"
    parser = commands.add_parser("benchmark", help="latency on some numbers of threads", usage=usage, epilog=NOTES)
    parser.add_argument("model", help="the .tflite file")
    parser.add_argument("--threads", type=positive, nargs="+", default=[1], help="of the interpreter (default: 1)")
    parser.add_argument("--runs", type=positive, default=50, help="for each number of threads (default: 50)")
    parser.add_argument("--no-delegate", action="store_true", help="without XNNPACK, on LiteRT's own kernels")
    parser.add_argument("--data", metavar="X.npy", help="take the first input of this file, not a random one")
    return parser


def run(asked):
    measured = []
    for threads in asked.threads:
        model = Model(asked.model, threads, delegate=not asked.no_delegate)
        arrays = samples.read(model, asked.data)[0] if asked.data else model.draw(np.random.default_rng(0))
        model(**arrays)  # what cannot run is told here, once
        encoded = model.encode(arrays)
        times = timing.interleaved(
            [lambda model=model, encoded=encoded: model.run(**encoded)], asked.runs, f"{threads} thread(s)"
        )
        measured.append({"threads": threads, "milliseconds": timing.summary(times)})
    return {
        "model": asked.model,
        "bytes": model.size,
        "delegate": not asked.no_delegate,
        "runs": asked.runs,
        "latency": measured,
    }


def show(result):
    kernels = "" if result["delegate"] else ", without a delegate"
    print(f"{result['model']}: {result['bytes']:,} bytes, {result['runs']} runs{kernels}")
    for each in result["latency"]:
        print(f"{each['threads']} thread(s): {timing.told(each['milliseconds'], ' ms')}")
