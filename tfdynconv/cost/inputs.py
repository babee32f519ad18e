"""The inputs that a model is counted for."""

import keras
import tensorflow as tf

from tfdynconv.export.signature import declared_inputs, is_graph
from tfdynconv.export.xla_inputs import leaves, matched

CALLER = "tfdynconv.summary"


def specs_of(model, input_shape):
    """Specs nested as the model takes its inputs: its own, or of `input_shape`; sizes are known, the batch may be None."""
    if not isinstance(model, keras.Model):
        raise ValueError(
            f"{CALLER}: expected a Keras model. Received: {type(model).__name__}. Put a layer into "
            "keras.Sequential([keras.Input(shape), layer])."
        )
    own = declared_inputs(model, check=False)
    given = own if input_shape is None else leaves(input_shape, CALLER)
    if given is None or not model.built:
        raise ValueError(
            f"{CALLER}: {type(model).__name__} {model.name!r} does not know its inputs yet, or has no weights. Call it once "
            "on data, model(x), or build it, model.build(input_shape); a subclassed model with several inputs wants "
            "`input_shape` too."
        )
    if input_shape is not None and is_graph(model):
        given = matched(given, own, input_shape, CALLER)
    for spec in tf.nest.flatten(given):
        if spec.shape.rank is None or None in spec.shape[1:]:
            raise ValueError(
                f"{CALLER}: multiply-adds depend on the size of the inputs. Received: an input of shape "
                f"{tuple(spec.shape) if spec.shape.rank is not None else 'unknown'}. Give it as an argument, "
                "input_shape=(None, height, width, channels), the batch first."
            )
    return given
