"""CondConv as one writes it in TensorFlow without this package, in five ways: mix, then convolve sample by sample."""

import keras
import tensorflow as tf


class Straightforward(keras.layers.Layer):
    """Mean, dense layer, sigmoid; then `formulation(x, bank, coefficients, shape)`, bias mixed like the kernels."""

    def __init__(self, formulation, shape, num_experts, **kwargs):
        super().__init__(**kwargs)
        self.formulation, self.shape, self.num_experts = formulation, shape, num_experts

    def build(self, input_shape):
        shape = self.shape
        kernel = (shape.kernel, shape.kernel, shape.channels, 1 if shape.depthwise else shape.filters)
        self.bank = self.add_weight(name="bank", shape=(self.num_experts, *kernel), initializer="glorot_uniform")
        self.bias = self.add_weight(name="bias", shape=(self.num_experts, shape.filters), initializer="zeros")
        self.routing = keras.layers.Dense(self.num_experts, activation="sigmoid")
        self.routing.build((None, shape.channels))
        super().build(input_shape)

    def call(self, inputs):
        coefficients = self.routing(tf.reduce_mean(inputs, [1, 2]))
        bank, bias = tf.convert_to_tensor(self.bank), tf.convert_to_tensor(self.bias)
        outputs = self.formulation(inputs, bank, coefficients, self.shape)
        return outputs + tf.matmul(coefficients, bias)[:, tf.newaxis, tf.newaxis]


def convolve(x, kernel, shape):
    strides = [1, shape.strides, shape.strides, 1]
    return (tf.nn.depthwise_conv2d if shape.depthwise else tf.nn.conv2d)(x, kernel, strides, "SAME")


def mixed(bank, coefficients):
    kernels = tf.matmul(coefficients, tf.reshape(bank, [bank.shape[0], -1]))
    return tf.reshape(kernels, [-1, *bank.shape[1:]])


def one(shape):
    return lambda sample: convolve(sample[0][tf.newaxis], sample[1], shape)[0]


def map_fn(x, bank, coefficients, shape):
    return tf.map_fn(one(shape), (x, mixed(bank, coefficients)), fn_output_signature=x.dtype)


def vectorized_map(x, bank, coefficients, shape):
    return tf.vectorized_map(one(shape), (x, mixed(bank, coefficients)))


def split_concat(x, bank, coefficients, shape):
    """For one batch size."""
    samples = tf.split(x, shape.batch)
    kernels = tf.unstack(mixed(bank, coefficients), shape.batch)
    return tf.concat([convolve(sample, kernel, shape) for sample, kernel in zip(samples, kernels)], 0)


def expert_features(x, bank, coefficients, shape):
    """A convolution with each expert, and the weighted sum of the outputs."""
    weights = tf.unstack(coefficients, axis=1)
    outputs = (convolve(x, kernel, shape) for kernel in tf.unstack(bank))
    return tf.add_n([y * a[:, tf.newaxis, tf.newaxis, tf.newaxis] for y, a in zip(outputs, weights)])


def batch_as_groups(x, bank, coefficients, shape):
    """All samples' channels side by side in one image, as timm does; a depthwise convolution is one again."""
    kernels = mixed(bank, coefficients)
    rows = tf.reshape(tf.transpose(x, [1, 2, 0, 3]), [1, shape.size, shape.size, shape.batch * shape.channels])
    if shape.depthwise:
        kernel = tf.reshape(tf.transpose(kernels, [1, 2, 0, 3, 4]), [*bank.shape[1:3], -1, 1])
    else:
        kernel = tf.transpose(kernels, [1, 2, 3, 0, 4])
        kernel = tf.reshape(kernel, [*bank.shape[1:4], shape.batch * shape.filters])
    outputs = convolve(rows, kernel, shape)
    size = outputs.shape[1]
    return tf.transpose(tf.reshape(outputs, [size, size, -1, shape.filters]), [2, 0, 1, 3])


ALL = {
    "map_fn": map_fn,
    "vectorized_map": vectorized_map,
    "split, concat": split_concat,
    "expert features": expert_features,
    "batch as groups": batch_as_groups,
}
