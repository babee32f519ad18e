"""A phone computes in float32: export models of other precisions as if they had been built in it."""

import contextlib

import keras
import tensorflow as tf

from tfdynconv import _compat
from tfdynconv.layers.walk import walk


def is_other_float(layer):
    dtype = layer.compute_dtype
    quantized = getattr(layer.dtype_policy, "quantization_mode", None) if hasattr(layer, "dtype_policy") else None
    return dtype is not None and not quantized and tf.as_dtype(dtype).is_floating and tf.as_dtype(dtype) != tf.float32


def computing_in_float32(stored):
    """A policy for weights of dtype `stored`. Plain "float32" would not do: Keras would take them for float32 uncast."""

    class Float32Policy(keras.mixed_precision.DTypePolicy):
        variable_dtype = property(lambda self: stored)

    return Float32Policy("float32")


@contextlib.contextmanager
def in_float32(model):
    """While open, the model's layers compute in float32, whatever their policy: float16, bfloat16 or float64, mixed or not."""
    layers = [layer for layer in walk(model) if is_other_float(layer)]
    if layers and not _compat.KERAS_3:
        raise ValueError(
            f"to_tflite: {layers[0].name!r} computes in {layers[0].compute_dtype}, which a .tflite cannot, and Keras 2 cannot "
            "change a layer's precision. Build the model again under the float32 policy and copy the weights, "
            "new.set_weights(model.get_weights()); then export the new one."
        )
    before = [layer.dtype_policy for layer in layers]
    try:
        for layer in layers:
            layer.dtype_policy = computing_in_float32(layer.variable_dtype)
        yield
    finally:
        for layer, policy in zip(layers, before):
            layer.dtype_policy = policy
