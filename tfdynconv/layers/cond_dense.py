"""CondConv's dense layer (arXiv 1904.04971, section 3.1: the classifier is conditional too)."""

import keras
import tensorflow as tf

from tfdynconv.layers.arguments import passed
from tfdynconv.layers.base_mixture import BaseMixture
from tfdynconv.ops import mix, place, plan
from tfdynconv.ops.constant_filters import mix_outputs
from tfdynconv.ops.phone import FORMS


@keras.saving.register_keras_serializable(package="tfdynconv")
class CondDense(BaseMixture):
    """Dense layer whose kernel is a sum of experts, weighted for each sample by sigmoid coefficients.

    `a = sigmoid(mean(x) R + r)`, `y = activation(x sum_i a_i W_i + sum_i a_i b_i)`. Inputs of more than two axes are
    averaged over the middle ones for the routing, and share the sample's kernel.

    Args:
        units, activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
        activity_regularizer, kernel_constraint, bias_constraint: as in `keras.layers.Dense`, for each kernel of the bank.
        num_experts, routing: as in `CondConv2D`.

    Call arguments: as in `CondConv2D`.

    Shapes: `[batch, ..., channels] -> [batch, ..., units]`.

    Raises:
        ValueError: bad arguments, an input of rank 1, coefficients missing or of the wrong shape.

    Cost: `n (channels units + units + channels + 1)` parameters; `channels units` multiply-adds a position, and
    `n channels units + n channels` for mixing and routing.

    Reference: Yang et al., CondConv, arXiv 1904.04971.

    >>> import tensorflow as tf, tfdynconv
    >>> tfdynconv.CondDense(10)(tf.ones([2, 64])).shape
    TensorShape([2, 10])
    """

    count_name = "num_experts"

    def __init__(
        self,
        units,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        num_experts=8,
        routing="sigmoid",
        **kwargs,
    ):
        super().__init__(**passed(locals(), "units", num_kernels="num_experts"))
        self.units = self.check_positive("units", units)
        self.input_spec = keras.layers.InputSpec(min_ndim=2)

    def kernel_shape(self, channels):
        return (channels, self.units)

    def output_channels(self, channels):
        return self.units

    def transform(self, inputs, bank, coefficients):
        rank = inputs.shape.rank
        if plan.phone_form("auto", "dense" if rank == 2 else "conv", FORMS) == "constant":
            return mix_outputs(bank, coefficients, rank, lambda kernel: tf.tensordot(inputs, kernel, 1))
        place.note("matmul")
        kernels = mix(bank, coefficients)
        if rank == 2:
            # kernel times column: TFLite converters up to TensorFlow 2.16 break on row times kernel
            return tf.squeeze(tf.matmul(kernels, tf.expand_dims(inputs, -1), transpose_a=True), -1)
        shape = tf.shape(inputs)
        rows = tf.reshape(inputs, [shape[0], -1, inputs.shape[-1]])
        outputs = tf.reshape(tf.matmul(rows, kernels), tf.concat([shape[:-1], [self.units]], 0))
        outputs.set_shape([*inputs.shape[:-1], self.units])  # `tf.ensure_shape` would be an op, which no phone has
        return outputs

    def compute_output_shape(self, input_shape):
        if isinstance(input_shape[0], (list, tuple)):
            input_shape = input_shape[0]
        return (*input_shape[:-1], self.units)

    def multiply_adds(self, input_shape, kernel):
        if None in input_shape[1:]:
            raise ValueError(
                f"{self.label}: the cost depends on all sizes. Received: input shape {tuple(input_shape)}. Give every size."
            )
        total = kernel
        for n in input_shape[1:-1]:
            total *= n
        return total

    def get_config(self):
        return {**super().get_config(), "units": self.units}
