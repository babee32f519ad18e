"""The sizes in which a model is exported: one, or several as signatures of one file."""

import dataclasses
import re

import tensorflow as tf

from tfdynconv.export.samples import MOST, first_example, inputs_to_compare
from tfdynconv.export.signature import declared_inputs, input_specs, is_graph
from tfdynconv.ops.geometry import is_int

ONLY = "serving_default"


@dataclasses.dataclass(frozen=True)
class Size:
    """One signature: its `name`, `specs` of the inputs, and `samples`, the first of which are compared on."""

    name: str
    specs: object
    samples: list

    @property
    def inputs(self):
        return self.samples[:MOST]


def sizes_of(model, batch_size, input_shapes=None, data=None, most=MOST):
    """The `Size`s that `input_shapes` asks for, as `to_tflite` describes it."""
    shapes = named_shapes(model, input_shapes)
    if input_shapes is None or list(shapes) == [ONLY] or not isinstance(data, dict) or set(data) != set(shapes):
        if len(shapes) > 1 and data is not None:
            raise ValueError(
                "to_tflite: for several sizes representative_data must be a dict of data for each signature, with the keys "
                f"{sorted(shapes)}. Received: {sorted(data, key=str) if isinstance(data, dict) else type(data).__name__}."
            )
        data = dict.fromkeys(shapes, data)
    sizes = []
    for name, given in shapes.items():
        count = len(tf.nest.flatten(declared_inputs(model, given)))
        example, again = first_example(data[name], count)
        specs = input_specs(model, batch_size, example, given)
        sizes.append(Size(name, specs, inputs_to_compare(specs, again, most)))
    return sizes


def named_shapes(model, input_shapes):
    """`{signature name: the shapes of the inputs, nested as they are, each a tuple; or None for the model's own}`."""
    if input_shapes is None:
        return {ONLY: None}
    names = {spec.name for spec in tf.nest.flatten(declared_inputs(model, check=False))} if is_graph(model) else set()
    structure = declared_inputs(model, check=False)
    names |= set(structure) if isinstance(structure, dict) else set()
    if not isinstance(input_shapes, dict) or set(input_shapes) == names:
        return {ONLY: plain(input_shapes)}
    if not input_shapes:
        refuse(input_shapes)
    for name in input_shapes:
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z]\w*", name):
            raise ValueError(
                f"to_tflite: the name of a signature in `input_shapes` must be a Python name. Received: {name!r}."
            )
    return {name: plain(shapes) for name, shapes in input_shapes.items()}


def plain(shapes):
    """The shapes with tuples for leaves; without the batch."""
    if isinstance(shapes, dict) and shapes:
        return {name: plain(shape) for name, shape in shapes.items()}
    if isinstance(shapes, tf.TensorShape):
        shapes = shapes.as_list()
    if isinstance(shapes, (list, tuple)):
        if all(is_int(size) and size > 0 for size in shapes):
            return tuple(int(size) for size in shapes)
        if not any(is_int(size) or size is None for size in shapes):
            return [plain(shape) for shape in shapes]
    return refuse(shapes)


def refuse(shapes):
    raise ValueError(
        "to_tflite: `input_shapes` must be one shape of positive ints without the batch, (height, width, channels), a list or "
        "dict of them for several inputs, or a dict {signature name: shape or shapes} for several sizes in one file. "
        f"Received: {shapes!r}."
    )
