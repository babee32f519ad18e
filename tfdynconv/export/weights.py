"""Weights that no file could hold rightly: NaN, and those that the model itself does not read."""

import keras
import numpy as np
import tensorflow as tf

from tfdynconv.layers.walk import walk


def refuse_nan_weights(model):
    for layer in reversed(list(walk(model))):  # the innermost owner first
        for weight in layer.weights:
            values = np.asarray(weight)
            if tf.as_dtype(values.dtype).is_floating and np.isnan(values.astype("float32")).any():
                name = getattr(weight, "path", weight.name)
                raise ValueError(
                    f"to_tflite: weight {name!r} of layer {layer.name!r} has NaN, so every output would. Received: "
                    f"{int(np.isnan(values.astype('float32')).sum())} of {values.size} values. Train again from the last good "
                    "weights, with a smaller learning rate or clipped gradients."
                )


def refuse_frozen(model, inputs, function, error):
    """Blame a disagreement on weights that the file reads and the model does not, if there are any.

    Keras freezes the weights of a layer that is first built inside a `tf.function`: the function keeps the values of that
    moment as constants, whatever training or loading assigns.
    """
    with tf.GradientTape() as tape:
        model(tf.nest.map_structure(tf.constant, inputs), training=False)
    read = {id(variable) for variable in tape.watched_variables()}
    frozen = {id(v) for v in function.variables if v.trainable and id(v) not in read}
    for layer in walk(model):
        if not isinstance(layer, keras.Model) and any(
            id(getattr(weight, "value", weight)) in frozen or id(weight) in frozen for weight in layer.weights
        ):
            raise ValueError(
                f"to_tflite: the model does not read the weights of layer {layer.name!r} ({type(layer).__name__}) any more, so "
                "the .tflite, which has them, differs; no file was written. The layer was first built inside a tf.function, "
                "where Keras makes constants of its first values. Build it before: layer.build(input_shape) in the model's "
                f"`build` or constructor; then set or train the weights again. {error}"
            ) from error
