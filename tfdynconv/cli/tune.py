"""The verb `tune`: measure how fast this machine computes, for the plan to choose by."""

import os

from tfdynconv.cli import model_file, options
from tfdynconv.cli.failure import Failure
from tfdynconv.cli.progress import Progress

NOTES = """\
examples:
  tfdynconv tune --out tuning.json
  tfdynconv tune --out tuning.json --seconds 200 --json
  TFDYNCONV_TUNING=tuning.json python train.py

Times the ways in which a convolution with a kernel for each sample can be computed on this CPU, in a graph and under XLA,
fits how fast each goes for a multiply-add, a byte and a sample, and writes that down. The plan takes the file that the
environment variable TFDYNCONV_TUNING names, or tfdynconv.load_tuning(FILE): it changes how fast things are computed, not what.
Let nothing else run meanwhile. GPUs, TPUs and phones are not measured.
"""


def add(verbs):
    parser = verbs.add_parser("tune", help="measure this CPU, to plan for it", epilog=NOTES)
    parser.add_argument("--out", required=True, metavar="FILE", help="the tuning, as JSON; written over if it is there")
    parser.add_argument(
        "--seconds",
        type=options.positive,
        default=60,
        metavar="S",
        help="of measuring, beside the compiling, which takes as long (default: 60)",
    )
    return parser


def run(asked):
    """The `Tuned`, and where it was written."""
    folder = os.path.dirname(asked.out) or "."
    if not os.path.isdir(folder):
        raise Failure(f"there is no folder {folder!r} to write {asked.out!r} into.")
    if os.path.isdir(asked.out):
        raise Failure(f"{asked.out!r} is a folder: --out wants a file.")
    model_file.package()
    from tfdynconv import tuning

    with Progress("tuning") as progress:

        def tell(what):
            progress.what = f"tuning: {what}"

        try:
            tuned = tuning.tune(asked.seconds, tell)
        except ValueError as error:  # of the tuning that TFDYNCONV_TUNING names
            raise Failure(str(error)) from error
    try:
        tuned.write(asked.out)
    except OSError as error:
        raise Failure(f"{asked.out!r} cannot be written: {error.strerror or error}.") from error
    return tuned, asked.out


def as_json(result):
    tuned, path = result
    return {"path": path, **tuned.machine.as_json(), **tuned.as_json()}


def as_text(result):
    tuned, path = result
    return f"{tuned}\n{path}: written. Use it: TFDYNCONV_TUNING={path}, or tfdynconv.load_tuning({path!r})."
