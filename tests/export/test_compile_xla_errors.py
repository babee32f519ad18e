"""`compile_xla` refuses what it cannot compile, and says what to do."""

import keras
import pytest
import tensorflow as tf

import tfdynconv
from tfdynconv.export import compile_xla


class Words(keras.layers.Layer):
    """Uses an op that XLA does not know."""

    def call(self, x):
        return tf.cast(tf.strings.length(tf.strings.as_string(x)), tf.float32)

    def compute_output_shape(self, input_shape):
        return input_shape


class Late(keras.Model):
    """Makes a layer's weights in its first call."""

    def __init__(self):
        super().__init__()
        self.conv = tfdynconv.CondConv2D(2, 3)
        self.built = True

    def call(self, x):
        return self.conv(x)


class Square(keras.layers.Layer):
    def call(self, x):
        if x.shape[1] is not None and x.shape[1] != x.shape[2]:
            raise ValueError("not square")
        return x


def model_of(*layers, shape=(6, 6, 3)):
    return keras.Sequential([keras.Input(shape), *layers])


def conv_model():
    return model_of(tfdynconv.CondConv2D(2, 3), shape=(None, None, 3))


BAD = {
    "no model": (
        lambda: tfdynconv.CondConv2D(2, 3),
        (1, 6, 6, 3),
        "expected a Keras model. Received: CondConv2D. Put a layer",
    ),
    "no weights": (
        lambda: keras.Sequential([tfdynconv.CondConv2D(2, 3)]),
        (1, 6, 6, 3),
        "has no weights yet. Build it",
    ),
    "weights made late": (Late, (1, 6, 6, 3), "inside a tf.function, where Keras would freeze"),
    "other channels": (
        conv_model,
        (1, 6, 6, 4),
        r"does not fit the model's inputs. Expected .* Received: .*\(1, 6, 6, 4\)",
    ),
    "no batch": (conv_model, (6, 6, 3), "does not fit the model's inputs. .* the batch first"),
    "two inputs": (conv_model, [(1, 6, 6, 3), (1, 2)], "does not fit the model's inputs"),
    "unknown height": (
        conv_model,
        (1, None, 6, 3),
        r"the batch alone may be None. Received: input .* \(1, None, 6, 3\)",
    ),
    "no shape": (conv_model, "1, 6, 6, 3", "`input_shape` must be a shape with the batch first"),
    "an empty batch": (conv_model, (0, 6, 6, 3), "`input_shape` must be a shape with the batch first"),
    "smaller than the kernel": (conv_model, (1, 2, 2, 3), r"cannot be called with these inputs: .*layer 'cond_conv2d"),
    "a layer refuses": (
        lambda: model_of(Square(name="square"), shape=(None, None, 3)),
        (1, 4, 6, 3),
        r"raised in layer 'square' \(Square\).*not square",
    ),
    "an op that XLA lacks": (
        lambda: model_of(Words(name="words")),
        (1, 6, 6, 3),
        r"XLA cannot compile this model \(look at layer 'words' \(Words\).* AsString",
    ),
}


@pytest.mark.parametrize("make, shape, message", BAD.values(), ids=BAD)
def test_bad(make, shape, message):
    with pytest.raises(ValueError, match=f"(?s)compile_xla: .*{message}"):
        compile_xla(make(), shape)


def test_strings():
    x = keras.Input([1], dtype="string")
    with pytest.raises(ValueError, match="compile_xla: XLA knows no strings"):
        compile_xla(keras.Model(x, keras.layers.StringLookup(vocabulary=["a"])(x)), (1, 1))
