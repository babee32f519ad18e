"""The verb `convert`: a Keras model's file -> a checked `.tflite`."""

import dataclasses
import os
import sys
import warnings

from tfdynconv.cli import model_file, options
from tfdynconv.cli.colour import coloured
from tfdynconv.cli.failure import Failure, one_line
from tfdynconv.cli.progress import Progress

NOTES = """\
examples:
  tfdynconv convert model.keras model.tflite
  tfdynconv convert model.keras gpu.tflite --target gpu
  tfdynconv convert model.keras small.tflite --quantize dynamic
  tfdynconv convert model.keras int8.tflite --quantize int8 --data images.npy --tolerance 0.1

The file is compared with the model in LiteRT, on the data where they are given; it is written only where the two agree.
The same as tfdynconv.export.to_tflite, whose documentation tells more.
"""
# of the options, those that to_tflite takes under a name of its own
ARGUMENTS = {"form": "form", "target": "target", "quantize": "quantize", "batch_size": "batch_size"}
ARGUMENTS |= {"input_shape": "input_shapes", "tolerance": "tolerance"}


def add(verbs):
    parser = verbs.add_parser("convert", help="a .keras model to a checked .tflite", epilog=NOTES)
    parser.add_argument("model", metavar="model.keras", help="what model.save wrote")
    parser.add_argument("output", metavar="out.tflite", help="the file to write")
    parser.add_argument(
        "--form", choices=["auto", "matmul", "constant"], help="of dynamic convolutions (default: auto)"
    )
    parser.add_argument("--target", choices=["cpu", "gpu", "npu"], help="what --form auto chooses for (default: cpu)")
    kinds = ["float16", "dynamic", "int8", "int16x8"]
    parser.add_argument(
        "--quantize", choices=kinds, help="store weights in fewer bits, and with int8 and int16x8 compute so"
    )
    parser.add_argument(
        "--data", metavar="x.npy|x.npz", help="inputs to compare on and to quantize for; .npz: by input name"
    )
    parser.add_argument("--batch-size", type=options.positive, metavar="N", help="of the file (default: 1)")
    parser.add_argument(
        "--input-shape",
        type=options.shape,
        action="append",
        metavar="224,224,3",
        help="without the batch; may be repeated",
    )
    parser.add_argument(
        "--tolerance", type=options.tolerance, metavar="T", help="the largest relative error that passes"
    )
    return parser


def run(asked):
    """The report of `to_tflite`."""
    refuse_paths(asked)
    data = read(asked.data) if asked.data else None
    arguments = {name: getattr(asked, option) for option, name in ARGUMENTS.items()}
    arguments = {name: value for name, value in arguments.items() if value is not None}
    tfdynconv = model_file.package()
    with Progress(f"loading {asked.model}") as progress, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", UserWarning)
        model = model_file.load(asked.model)
        progress.what = f"converting {asked.model}"
        try:
            report = tfdynconv.export.to_tflite(model, asked.output, representative_data=data, **arguments)
        except (ValueError, OSError) as error:
            raise Failure(error) from error
    own = [one_line(warning.message) for warning in told if issubclass(warning.category, UserWarning)]
    return report, list(dict.fromkeys(text for text in own if text.startswith("to_tflite")))


def refuse_paths(asked):
    """What can be seen to be wrong before TensorFlow's seconds."""
    model_file.check(asked.model)
    folder = os.path.dirname(os.path.abspath(asked.output))
    if not asked.output.endswith(".tflite"):
        raise Failure(f"the output must end in '.tflite'. Received: {asked.output!r}.")
    if not os.path.isdir(folder):
        raise Failure(f"there is no folder {folder!r} to write in.")


def read(path):
    """An array, or the arrays of an .npz by their names."""
    import numpy as np

    if not path.endswith((".npy", ".npz")):
        raise Failure(f"--data must be a .npy or .npz file. Received: {path!r}.")
    try:
        found = np.load(path)
        if path.endswith(".npy"):
            return found
        with found:
            return {name: found[name] for name in found.files}
    except (OSError, ValueError, EOFError) as error:
        raise Failure(f"cannot read --data {path!r}: {error}") from error


def as_json(result):
    report, told = result
    return {**dataclasses.asdict(report), "warnings": told}


def as_text(result):
    report, told = result
    warning = coloured("warning:", "yellow", sys.stdout)
    return "\n".join([str(report), *(f"{warning} {text}" for text in told)])
