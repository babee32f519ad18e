"""From a Keras model to a SavedModel of functions of fixed sizes, traced for a phone."""

import contextlib
import logging

import keras
import tensorflow as tf

from tfdynconv.export.batch_norm import Watch, folded
from tfdynconv.export.signature import name_outputs
from tfdynconv.ops import place

# What a plan makes of "anywhere but a phone": in an export trace, a sign of a part that was traced before.
ELSEWHERE = {"DeviceIndex", "MapDefun"}


def trace(model, specs, phone):
    """The concrete function of `model(inputs, training=False)` on inputs of these specs, as a phone should compute it.

    `phone`, a `tfdynconv.ops.phone.Phone`, chooses the forms and keeps the choices.
    """
    before = len(phone.choices)
    try:
        with Watch(model).watching() as watch:
            function = traced(model, specs, phone)
        inlined = functions_inlined if ELSEWHERE & ops_of(function) else contextlib.nullcontext
        pairs = list(watch.pairs())
        if pairs or inlined is functions_inlined:
            del phone.choices[before:]
            with inlined(), folded(pairs, phone):
                function = traced(model, specs, phone)
    except (ValueError, TypeError, RuntimeError, AttributeError, LookupError, tf.errors.OpError) as error:
        if phone.refusal:
            raise ValueError(phone.refusal) from error
        shapes = ", ".join(f"{spec.name} {spec.dtype.name} {tuple(spec.shape)}" for spec in tf.nest.flatten(specs))
        raise ValueError(
            f"to_tflite: {type(model).__name__} {model.name!r} cannot be called with inputs of the exported size: {shapes}. "
            f"If it needs another batch, pass batch_size; if another size, input_shapes.{blamed(error)} It said: {error}"
        ) from error
    return function


def blamed(error):
    """The innermost Keras layer in whose call the error was raised, in words, if the traceback has one."""
    layer, frame = None, error.__traceback__
    while frame is not None:
        owner = frame.tb_frame.f_locals.get("self")
        if isinstance(owner, keras.layers.Layer) and not isinstance(owner, keras.Model):
            layer = owner
        frame = frame.tb_next
    return f" It was raised in layer {layer.name!r} ({type(layer).__name__})." if layer is not None else ""


def traced(model, specs, phone):
    def run(*flat):
        return name_outputs(model(tf.nest.pack_sequence_as(specs, flat), training=False))

    with place.exporting("tflite", phone):
        return tf.function(run).get_concrete_function(*tf.nest.flatten(specs))


def ops_of(function):
    graph = function.graph.as_graph_def()
    nodes = [*graph.node, *(node for inner in graph.library.function for node in inner.node_def)]
    return {node.op for node in nodes}


@contextlib.contextmanager
def functions_inlined():
    """While open, every `tf.function` called in a trace is traced again as a part of it, its cache unused."""
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


def save(functions, directory):
    """Write a SavedModel that holds these functions, by name, and their variables, and nothing of Keras."""
    module = tf.Module()
    module.weights = list({id(v): v for function in functions.values() for v in function.variables}.values())
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
        tf.saved_model.save(module, directory, functions, options)
    except AssertionError as error:  # TensorFlow's way to say that a table, say, is not among the variables
        raise ValueError(
            "to_tflite: the model keeps state that is no variable, a lookup table for example, for which a .tflite of builtin "
            f"ops has no place. Leave that part out of the exported model. TensorFlow said: {str(error)[:300]}"
        ) from error
    finally:
        logger.setLevel(level)
