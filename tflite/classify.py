"""The command `classify`: the most likely classes of images."""

import numpy as np

import images
from failure import Failure
from model import Model
from options import numbers, positive

NOTES = """\
The model sees pixel * scale + offset. Pixels from 0 to 255 (picture files, arrays of integers) are divided by 255 unless a
scale is given; arrays of floats are taken as they are unless one is given. Each takes one number or one for each channel:

  --scale 1/255                      pixels from 0 to 1 (the default)
  --scale 2/255 --offset=-1          from -1 to 1
  --scale 1 --offset=-124,-117,-104  less a mean

Picture files need Pillow, and are resized to the model's size; arrays must have it. Quantized inputs and outputs are
converted here.
"""


def add(commands):
    parser = commands.add_parser("classify", help="the most likely classes of images", epilog=NOTES)
    parser.add_argument("model", help="a .tflite with one image as its input")
    parser.add_argument("images", nargs="+", help=".npy, .npz, or picture files if Pillow is installed")
    parser.add_argument("--labels", help="a text file with the name of one class on each line")
    parser.add_argument("--top", type=positive, default=5, help="classes to tell of each image (default: 5)")
    parser.add_argument("--scale", type=numbers, metavar="A[,A,A]", help="multiplies the pixels, as in 1/255")
    parser.add_argument("--offset", type=numbers, metavar="B[,B,B]", help="is added then; write a negative one with =")
    parser.add_argument("--output", help="the name of the output with the scores, if the model has several")
    parser.add_argument("--threads", type=positive, default=1, help="of the interpreter (default: 1)")
    return parser


def run(asked):
    model = Model(asked.model, asked.threads)
    if len(model.inputs) != 1 or not next(iter(model.inputs.values())).shape:
        raise Failure(
            f"{asked.model!r} has the inputs {list(model.inputs)}, and classify wants one image; see predict."
        )
    (tensor,) = model.inputs.values()
    output = chosen(model, asked.output)
    read = [pair for path in asked.images for pair in images.read(path, tensor, asked.scale, asked.offset)]
    if not read:
        raise Failure(f"no images in {asked.images}.")
    scores = computed(model, tensor, output, read)
    labels = lines(asked.labels, scores.shape[1]) if asked.labels else [None] * scores.shape[1]
    found = []
    for (name, _), row in zip(read, scores):
        order = np.argsort(-row, kind="stable")[: asked.top]
        top = [{"class": int(i), "label": labels[i], "score": float(row[i])} for i in order]
        found.append({"image": name, "top": top})
    return {"model": asked.model, "images": found}


def chosen(model, name):
    if name is None and len(model.outputs) > 1:
        raise Failure(f"the model has the outputs {list(model.outputs)}; say which one has the scores: --output NAME.")
    if name is not None and name not in model.outputs:
        raise Failure(f"the model has the outputs {list(model.outputs)}. Received: --output {name!r}.")
    return name or next(iter(model.outputs))


def computed(model, tensor, output, read):
    """Scores, [images, classes], in batches of the model's size; the last is filled up with its last image."""
    batch, rows = max(tensor.shape[0], 1), []
    for i in range(0, len(read), batch):
        arrays = [array for _, array in read[i : i + batch]]
        full = np.stack(arrays + arrays[-1:] * (batch - len(arrays)))
        scores = model(**{tensor.name: full})[output]
        if scores.size % batch:
            raise Failure(f"output {output!r} of shape {scores.shape} has no scores for each of {batch} images.")
        rows.append(scores.reshape(batch, -1)[: len(arrays)].astype("float64"))
    scores = np.concatenate(rows)
    if np.isnan(scores).any():
        raise Failure(f"the model gives NaN for {read[int(np.isnan(scores).any(1).argmax())][0]!r}.")
    return scores


def lines(path, classes):
    try:
        with open(path, encoding="utf-8") as file:
            labels = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"cannot read labels from {path!r}: {error}") from None
    if len(labels) != classes:
        raise Failure(f"{path!r} must have one label on each line, {classes} for this model. Received: {len(labels)}.")
    return labels


def show(result):
    for image in result["images"]:
        print(image["image"])
        for found in image["top"]:
            print(f"  {found['score']:10.6f}  {found['class']}" + (f"  {found['label']}" if found["label"] else ""))
