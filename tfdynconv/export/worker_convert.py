"""Worker: SavedModel -> .tflite. Run as a script; it imports TensorFlow and NumPy alone.

Arguments: the SavedModel, the file to write, the names of the signatures with commas between, and to quantise the mode; for
integer activations then an `.npz` file of representative inputs, with an array `"signature/i/name"` for input `name` of
sample i.
"""

import collections
import importlib.util
import sys


def quantize(converter, lite, mode, data):
    """Set a converter up. An op without an integer form stays in float32; whether weights did is checked in the file."""
    import numpy as np

    builtins = lite.OpsSet.TFLITE_BUILTINS
    sets = {
        "int8": [builtins, lite.OpsSet.TFLITE_BUILTINS_INT8],
        "int16x8": [lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8, builtins],
    }
    converter.optimizations = [lite.Optimize.DEFAULT]
    if mode == "float16":
        import tensorflow as tf

        converter.target_spec.supported_types = [tf.float16]
    elif mode in sets:
        converter.target_spec.supported_ops = sets[mode]
        samples: dict = collections.defaultdict(dict)
        with np.load(data) as arrays:
            for key in arrays:
                signature, index, name = key.split("/", 2)
                samples[signature, index][name] = arrays[key]
        converter.representative_dataset = lambda: ((signature, s) for (signature, _), s in samples.items())


def quantize_weights(path):
    """8-bit weights by ai-edge-quantizer, which may treat ops apart; the converter knows one rule for all.

    XNNPACK computes no depthwise convolution with 8-bit weights and float32 activations, but takes weights that it unpacks
    itself. So with the products that mix a bank: they have one row, which 8 bits do not speed up, and LiteRT's own depthwise
    convolution behind one in 8 bits was half as slow again (AVX-512, benchmarks/NOTES.md). A scale for each column
    of a bank would be as large as the bank.
    """
    from ai_edge_quantizer import qtyping, quantizer

    ops = qtyping.TFLOperationName
    recipe = quantizer.Quantizer(path)
    for op in (ops.CONV_2D, ops.CONV_2D_TRANSPOSE, ops.FULLY_CONNECTED, ops.EMBEDDING_LOOKUP):
        recipe.add_dynamic_config(regex=".*", operation_name=op, num_bits=8)
    recipe.add_weight_only_config(regex=".*", operation_name=ops.DEPTHWISE_CONV_2D, num_bits=8)
    whole = qtyping.QuantGranularity.TENSORWISE
    recipe.add_weight_only_config(regex=".*", operation_name=ops.BATCH_MATMUL, num_bits=8, granularity=whole)
    recipe.quantize().export_model(path, overwrite=True)


def main(saved_model, destination, signatures, mode=None, data=None):
    sys.modules["keras"] = None  # type: ignore[assignment]  # TensorFlow imports it only to have it at hand; it takes as long as TensorFlow itself
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(saved_model, signature_keys=signatures.split(","))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    afterwards = mode == "dynamic" and importlib.util.find_spec("ai_edge_quantizer") is not None
    if mode is not None and not afterwards:
        quantize(converter, tf.lite, mode, data)
    content = converter.convert()
    with open(destination, "wb") as file:
        file.write(content)
    if afterwards:
        quantize_weights(destination)


if __name__ == "__main__":
    main(*sys.argv[1:])
