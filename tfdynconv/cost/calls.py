"""The calls of a model's layers as a tree, seen in one trace: whatever class the model is of, nested, shared or both."""

import contextlib
import dataclasses

import keras
import tensorflow as tf

from tfdynconv.export.batch_norm import called_through
from tfdynconv.export.tracing import functions_inlined
from tfdynconv.layers.walk import walk
from tfdynconv.ops import place


@dataclasses.dataclass
class Call:
    """One call of a layer: shapes of its first input and of its first output, the calls inside it, what its ops noted.

    `own` where only the layer's own weights are meant: the layers inside it have calls of their own beside this one.
    """

    layer: keras.layers.Layer
    path: str
    input_shape: tuple = ()
    output_shape: tuple = ()
    inside: list = dataclasses.field(default_factory=list)
    notes: list = dataclasses.field(default_factory=list)
    forms: list = dataclasses.field(default_factory=list)
    own: bool = False


def calls(model, specs, where, phone=None):
    """The calls directly in `model(inputs)`, traced for a place of `tfdynconv.ops.place`; `phone` chooses forms there."""
    phone = phone or place.Phone()
    root = Call(model, "")
    stack = [root]
    with contextlib.ExitStack() as open_, place.noting() as notes:
        for layer in walk(model):
            if layer is not model:
                open_.enter_context(called_through(layer, seen(layer, stack, notes, phone)))
        open_.enter_context(place.exporting(where, phone))
        open_.enter_context(functions_inlined())  # a `tf.function` that was traced before would show no calls

        def run(*flat):
            return model(tf.nest.pack_sequence_as(specs, flat), training=False)

        tf.function(run).get_concrete_function(*tf.nest.flatten(specs))
    return root.inside


def seen(layer, stack, notes, phone):
    """What stands for a layer's `call` while it is watched."""

    def call(original, *args, **kwargs):
        outer = stack[-1]
        this = Call(layer, f"{outer.path}/{layer.name}".lstrip("/"), shape_of((args, kwargs)))
        outer.inside.append(this)
        stack.append(this)
        before = len(notes), len(phone.choices)
        try:
            outputs = original(*args, **kwargs)
        finally:
            stack.pop()
        this.notes, this.forms = notes[before[0] :], [choice.form for choice in phone.choices[before[1] :]]
        this.output_shape = shape_of(outputs)
        return outputs

    return call


def shape_of(nest):
    """That of the first tensor in it."""
    found = next((value for value in tf.nest.flatten(nest) if hasattr(value, "shape")), None)
    shape = tf.TensorShape(None if found is None else found.shape)
    return () if shape.rank is None else tuple(shape)
