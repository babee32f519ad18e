"""Worker: SavedModel -> .tflite. Run as a script; it imports TensorFlow alone."""

import sys


def main(saved_model, destination):
    sys.modules["keras"] = None  # TensorFlow imports it only to have it at hand; it takes as long as TensorFlow itself
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(saved_model, signature_keys=["serving_default"])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    content = converter.convert()
    with open(destination, "wb") as file:
        file.write(content)


if __name__ == "__main__":
    main(*sys.argv[1:])
