"""All that differs between TensorFlow 2.15 with Keras 2.15 and TensorFlow 2.16 and newer with Keras 3."""

import keras
import tensorflow as tf


def version(text):
    return tuple(int(part) for part in text.split(".")[:2])


def check_stack(tensorflow_version, keras_version, backend):
    """Raise `ImportError` for TensorFlow and Keras versions that do not belong together."""
    wanted = "Keras 3" if version(tensorflow_version) >= (2, 16) else "Keras 2.15"
    major = version(keras_version)[0]
    if (major >= 3) != (wanted == "Keras 3"):
        raise ImportError(
            f"tfdynconv: TensorFlow {tensorflow_version} needs {wanted}, but Keras {keras_version} is installed. "
            "Install a matching pair: pip install -U tensorflow keras, or pip install 'tfdynconv[addons]' for "
            "TensorFlow 2.15.1 with Keras 2.15."
        )
    if backend != "tensorflow":
        raise ImportError(
            f"tfdynconv: its layers run on Keras' TensorFlow backend. Received: backend {backend!r}. Set the environment "
            "variable KERAS_BACKEND=tensorflow before importing keras."
        )


check_stack(tf.__version__, keras.__version__, keras.backend.backend())
KERAS_3 = version(keras.__version__)[0] >= 3


def image_data_format():
    return keras.config.image_data_format() if KERAS_3 else keras.backend.image_data_format()


def floatx():
    return keras.config.floatx() if KERAS_3 else keras.backend.floatx()


def values(variable):
    """A layer's weight as a tensor, cast as the layer's policy asks."""
    return tf.convert_to_tensor(variable)


def iterations(optimizer):
    """Training steps that an optimizer has taken."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)  # under loss scaling
    steps = int(optimizer.iterations.numpy())
    return steps * (getattr(optimizer, "gradient_accumulation_steps", None) or 1)
