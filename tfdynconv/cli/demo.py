"""The verb `demo`: train, convert, run in LiteRT and compare, on digits that scikit-learn ships."""

import importlib
import os
import pathlib

from tfdynconv.cli import options, start
from tfdynconv.cli.failure import Failure
from tfdynconv.cli.progress import Progress
from tfdynconv.cli.quiet import quiet

NOTES = """\
examples:
  tfdynconv demo
  tfdynconv demo --epochs 3 --seeds 1 --output quick --json

Trains one small network with Conv2D, CondConv2D and DynamicConv2D on scanned digits, converts each, runs the test images in
LiteRT, and prints accuracy, cost and times in one table. The folder gets the files, the table and a picture of the routing.
Takes some two minutes. Needs scikit-learn, matplotlib and ai-edge-litert: pip install scikit-learn 'tfdynconv[tflite,plot]'.
"""
NEEDED = {"sklearn": "scikit-learn", "matplotlib": "matplotlib", "ai_edge_litert": "ai-edge-litert"}


def add(verbs):
    parser = verbs.add_parser("demo", help="train on scanned digits, convert, compare", epilog=NOTES)
    parser.add_argument("--epochs", type=options.positive, default=30, metavar="N", help="of each run (default: 30)")
    parser.add_argument("--seeds", type=options.positive, default=3, metavar="N", help="runs of each (default: 3)")
    parser.add_argument("--output", default="demo-output", metavar="FOLDER", help="(default: demo-output)")
    return parser


def run(asked):
    """(results by convolution, the folder)."""
    missing = [package for module, package in NEEDED.items() if not can_import(module)]
    if missing:
        raise Failure(f"needs {' and '.join(missing)}: pip install {' '.join(missing)}.")
    if os.path.exists(asked.output) and not os.path.isdir(asked.output):
        raise Failure(f"--output must be a folder. Received: the file {asked.output!r}.")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet() as stderr, Progress("loading TensorFlow", stderr):
        start.whole_package()
        from tfdynconv.cli import digits
    with Progress("loading the digits") as progress:

        def tell(what):
            progress.what = what

        try:
            return digits.run(asked.epochs, asked.seeds, pathlib.Path(asked.output), tell), asked.output
        except (OSError, ValueError) as error:
            raise Failure(error) from error


def can_import(module):
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True


def as_json(result):
    results, folder = result
    return {"folder": folder, "results": results}


def as_text(result):
    from tfdynconv.cli import digits

    results, folder = result
    return f"{digits.text_of(results)}\n\nFiles, table and pictures of the routing (which kernels each digit uses): {folder}"
