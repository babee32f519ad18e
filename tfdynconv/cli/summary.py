"""The verb `summary`: what a Keras model's file costs, layer by layer."""

from tfdynconv.cli import model_file, options
from tfdynconv.cli.failure import Failure
from tfdynconv.cli.progress import Progress

NOTES = """\
examples:
  tfdynconv summary model.keras
  tfdynconv summary model.keras --input 224
  tfdynconv summary model.keras --input 224,160,3 --markdown
  tfdynconv summary model.keras --json

For each layer: parameters, multiply-adds, the part of them that is routing and mixing, how a dynamic layer is computed on this
machine, on a GPU, a TPU and a phone, and its size in a .tflite by quantisation; in all beside the same model with static
layers. Nothing is run. The same as tfdynconv.summary, whose documentation tells more.
"""


def add(verbs):
    parser = verbs.add_parser("summary", help="what a .keras model costs, layer by layer", epilog=NOTES)
    parser.add_argument("model", metavar="model.keras", help="what model.save wrote")
    parser.add_argument(
        "--input",
        type=options.shape,
        action="append",
        metavar="224|224,160,3",
        help="height and width in one number, or the shape without the batch; may be repeated (default: the model's own)",
    )
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    return parser


def run(asked):
    """The `Summary`, and whether it is to be Markdown."""
    model_file.check(asked.model)
    tfdynconv = model_file.package()
    with Progress(f"loading {asked.model}") as progress:
        model = model_file.load(asked.model)

        def tell(what):
            progress.what = f"{asked.model}: {what}"

        try:
            return tfdynconv.summary(model, whole_shapes(model, asked.input), tell), asked.markdown
        except ValueError as error:
            raise Failure(error) from error


def whole_shapes(model, asked):
    """The shapes with a batch, as the model takes them; one number is put into the places that the model leaves for sizes."""
    if not asked:
        return None
    own = [tuple(tensor.shape) for tensor in getattr(model, "inputs", None) or []]
    if len(asked) == 1 < len(own):
        asked = asked * len(own)
    shapes = [(None, *shape) if len(shape) > 1 else square(shape[0], i, own) for i, shape in enumerate(asked)]
    return shapes[0] if len(shapes) == 1 else shapes


def square(size, number, own):
    if number >= len(own) or len(own[number]) < 3:
        raise Failure(
            f"--input {size} does not say the channels, nor does the model. Give them: --input {size},{size},3."
        )
    if own[number][-1] is None and own[number][1] is not None:  # channels first
        return (own[number][0], own[number][1], *[size] * (len(own[number]) - 2))
    return (own[number][0], *[size] * (len(own[number]) - 2), own[number][-1])


def as_json(result):
    return result[0].as_dict()


def as_text(result):
    found, is_markdown = result
    return found.markdown() if is_markdown else str(found)
