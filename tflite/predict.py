"""The command `predict`: a model of any kind on arrays, its outputs to a file."""

import numpy as np

import samples
from failure import Failure
from model import Model
from options import positive

NOTES = """\
Quantized inputs and outputs are converted here. With several inputs in the file, the outputs of all are joined on the first
axis.
"""


def add(commands):
    parser = commands.add_parser("predict", help="outputs of a model of any kind", epilog=NOTES)
    parser.add_argument("model", help="the .tflite file")
    parser.add_argument("data", help="inputs: .npy, or .npz with the inputs' names if the model has several")
    parser.add_argument("--save", metavar="OUTPUTS.npz", help="write the outputs there, by name")
    parser.add_argument("--threads", type=positive, default=1, help="of the interpreter (default: 1)")
    return parser


def run(asked):
    if asked.save and not asked.save.endswith(".npz"):
        raise Failure(f"--save must end in .npz. Received: {asked.save!r}.")
    model = Model(asked.model, asked.threads)
    received = [model(**arrays) for arrays in samples.read(model, asked.data)]
    outputs = {name: np.concatenate([np.atleast_1d(each[name]) for each in received]) for name in model.outputs}
    if asked.save:
        try:
            np.savez(asked.save, **outputs)
        except OSError as error:
            raise Failure(f"cannot write {asked.save!r}: {error.strerror}.") from None
    return {"model": asked.model, "outputs": {name: summary(array) for name, array in outputs.items()}}


def summary(array):
    if array.size == 0 or array.dtype.kind not in "fiub":
        return {"shape": list(array.shape)}
    place = [int(i) for i in np.unravel_index(int(array.argmax()), array.shape)]
    ends = {"smallest": float(array.min()), "largest": float(array.max()), "largest_at": place}
    return {"shape": list(array.shape), "mean": float(array.mean()), **ends}


def show(result):
    for name, told in result["outputs"].items():
        line = f"{name}: {tuple(told['shape'])}"
        if "mean" in told:
            line += f", mean {told['mean']:.6g}, smallest {told['smallest']:.6g}, largest {told['largest']:.6g}"
            line += f" at {tuple(told['largest_at'])}"
        print(line)
