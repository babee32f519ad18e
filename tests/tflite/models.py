"""Small files with answers that NumPy can give, made by TensorFlow's own converter."""

import numpy as np
import tensorflow as tf

SHAPE, CLASSES = (4, 5, 3), 6


def kernel(shape=SHAPE, classes=CLASSES, seed=0):
    """Weights of one dense layer behind the pixels."""
    return np.random.default_rng(seed).normal(size=(int(np.prod(shape)), classes)).astype("float32")


def scores(images, weights=None):
    """What `dense` computes, in float64. Images: [many, ...]."""
    weights = kernel() if weights is None else weights
    return np.reshape(images, [len(images), -1]).astype("float64") @ weights.astype("float64")


def dense(shape=SHAPE, batch=1, seed=0, dtype="float32"):
    """A file that multiplies the pixels by `kernel`."""
    return converter(product(kernel(shape, seed=seed)), image=tf.TensorSpec([batch, *shape], dtype)).convert()


def product(weights):
    def compute(image):
        return {"scores": tf.reshape(tf.cast(image, tf.float32), [-1, len(weights)]) @ tf.constant(weights)}

    return compute


def converter(function, **specs):
    """TensorFlow's converter for a function of named inputs that gives a dict."""
    module = tf.Module()
    module.function = tf.function(function)
    concrete = module.function.get_concrete_function(**specs)
    return tf.lite.TFLiteConverter.from_concrete_functions([concrete], module)


def quantized(kind):
    """`dense` in full integers, "int8" or "int16"; pixels from 0 to 1."""
    made = converter(product(kernel()), image=tf.TensorSpec([1, *SHAPE]))
    images = np.random.default_rng(1).random((64, 1, *SHAPE)).astype("float32")
    made.representative_dataset = lambda: ([image] for image in images)
    made.optimizations = [tf.lite.Optimize.DEFAULT]
    ops = tf.lite.OpsSet
    only = {
        "int8": ops.TFLITE_BUILTINS_INT8,
        "int16": ops.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8,
    }
    made.target_spec.supported_ops = [only[kind]]
    made.inference_input_type = made.inference_output_type = tf.dtypes.as_dtype(kind)
    return made.convert()


def renamed():
    """`dense` with other names."""
    compute = product(kernel())
    spec = tf.TensorSpec([1, *SHAPE])
    return converter(lambda pixels: {"logits": compute(pixels)["scores"]}, pixels=spec).convert()


def unsigned():
    """No signature, as older converters wrote: 2 x + 1 under the names of the tensors."""
    function = tf.function(lambda x: 2.0 * x + 1.0).get_concrete_function(tf.TensorSpec([None, None], name="x"))
    return tf.lite.TFLiteConverter.from_concrete_functions([function], None).convert()


def not_a_number():
    return converter(lambda x: {"y": tf.math.log(x)}, x=tf.TensorSpec([1, 3])).convert()


def pair():
    return converter(lambda x: {"plus": 1.0 * x, "minus": -x}, x=tf.TensorSpec([1, 3])).convert()


def any_size():
    """Of images of any size, of which only 4 x 4 can be multiplied by its kernel."""
    weights = tf.constant(kernel((4, 4, 3)))
    return converter(
        lambda image: {"scores": tf.reshape(image, [1, -1]) @ weights}, image=tf.TensorSpec([1, None, None, 3])
    ).convert()


def two_of_each():
    """Two inputs, an image and an integer, and two outputs."""

    def compute(image, kind):
        mean = tf.reduce_mean(image, [1, 2])
        return {"mean": mean, "shifted": mean + tf.cast(kind, tf.float32)}

    return converter(compute, image=tf.TensorSpec([1, 6, 6, 2]), kind=tf.TensorSpec([1, 1], tf.int32)).convert()


def convolutions(computed):
    """Two convolutions, of which the second's kernel is computed from the input or constant."""
    first, second = (np.random.default_rng(i).normal(size=(3, 3, 4, 4)).astype("float32") for i in range(2))

    def compute(x):
        x = tf.nn.relu(tf.nn.conv2d(x, first, 1, "SAME"))
        kernel = second * tf.reshape(tf.reduce_mean(x, [1, 2]), [1, 1, 4, 1]) if computed else second
        return {"y": tf.reduce_mean(tf.nn.conv2d(x, kernel, 1, "SAME"), [1, 2])}

    return converter(compute, x=tf.TensorSpec([1, 8, 8, 4])).convert()


FILES = {
    "dense.tflite": dense,
    "other.tflite": lambda: dense(seed=1),
    "batch3.tflite": lambda: dense(batch=3),
    "any_batch.tflite": lambda: dense(batch=None),
    "grey.tflite": lambda: dense(shape=(4, 5, 1)),
    "channels_first.tflite": lambda: dense(shape=(3, 4, 5)),
    "bytes.tflite": lambda: dense(dtype="uint8"),
    "int8.tflite": lambda: quantized("int8"),
    "int16.tflite": lambda: quantized("int16"),
    "renamed.tflite": renamed,
    "unsigned.tflite": unsigned,
    "log.tflite": not_a_number,
    "pair.tflite": pair,
    "any_size.tflite": any_size,
    "two.tflite": two_of_each,
    "static.tflite": lambda: convolutions(computed=False),
    "computed.tflite": lambda: convolutions(computed=True),
}
