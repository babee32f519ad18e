"""A layer converts to `.tflite`, and the file computes what the layer does."""

import os
import tempfile

import keras

from tfdynconv.testing.case import redraw
from tfdynconv.testing.compare import expect

TOLERANCE = 1e-4  # float32: sums of some hundred products in another order


def check_tflite(case):
    """All sets of arguments become a `.tflite` of builtin operations, equal to Keras on several inputs."""
    from tfdynconv.export import to_tflite

    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "layer.tflite")
        to_tflite(model_of_all(case), path, tolerance=TOLERANCE)
        expect(os.path.exists(path), case, "no file was written.")


def model_of_all(case):
    """One model with an output for each set of arguments, so that one conversion does for all."""
    inputs = keras.Input(case.input_shape)
    rank = len(case.input_shape)
    outputs = []
    for arguments in case.sets():
        first = arguments.get("data_format") == "channels_first"
        x = keras.layers.Permute([rank, *range(1, rank)])(inputs) if first else inputs
        outputs.append(case.make(arguments)(x))
    model = keras.Model(inputs, outputs)
    redraw(model)
    return model
