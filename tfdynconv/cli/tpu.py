"""The verb `tpu`: what the TPU compiler says of a Keras model's file."""

import dataclasses

from tfdynconv.cli import model_file, options
from tfdynconv.cli.failure import Failure
from tfdynconv.cli.progress import Progress

NOTES = """\
examples:
  tfdynconv tpu model.keras
  tfdynconv tpu model.keras --topology v5p --train --batch 64 --dtype bfloat16
  tfdynconv tpu model.keras --input-shape 224,224,3 --json

Compiles for one core of a TPU that need not be there, and tells flops, bytes, memory and the compiler's estimate of the time,
beside those of the same model with static convolutions. Needs jax and libtpu: pip install 'tfdynconv[tpu]'. The same as
tfdynconv.export.compile_tpu, whose documentation tells more.
"""


def add(verbs):
    parser = verbs.add_parser("tpu", help="compile a .keras model for a TPU, without one", epilog=NOTES)
    parser.add_argument("model", metavar="model.keras", help="what model.save wrote")
    parser.add_argument("--topology", default="v5e:2x2", metavar="T", help="the TPU (default: v5e:2x2)")
    parser.add_argument("--train", action="store_true", help="a training step in place of a forward pass")
    parser.add_argument("--batch", type=options.positive, default=32, metavar="N", help="of one core (default: 32)")
    parser.add_argument(
        "--input-shape",
        type=options.shape,
        action="append",
        metavar="224,224,3",
        help="without the batch; may be repeated (default: the model's own)",
    )
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], help="to compute in (default: the model's own)")
    return parser


def run(asked):
    """The report of `compile_tpu`."""
    model_file.check(asked.model)
    tfdynconv = model_file.package()
    with Progress(f"loading {asked.model}") as progress:
        model = model_file.load(asked.model)
        progress.what = f"compiling {asked.model}"
        try:
            shapes = [(asked.batch, *shape) for shape in asked.input_shape or own_shapes(model)]
            report = tfdynconv.export.compile_tpu(
                model,
                shapes[0] if len(shapes) == 1 else shapes,
                topology=asked.topology,
                train=asked.train,
                dtype=asked.dtype,
            )
        except ValueError as error:
            raise Failure(error) from error
    if not report.compiles:
        raise Failure(report)
    return report


def own_shapes(model):
    """Those of the inputs that the model was built for, the batch left out."""
    if not model.inputs:
        raise Failure("the model does not say the shapes of its inputs: give --input-shape.")
    return [tuple(tensor.shape[1:]) for tensor in model.inputs]


def as_json(report):
    return {**dataclasses.asdict(report), "compiles": report.compiles, "ratio": report.ratio}


def as_text(report):
    return str(report)
