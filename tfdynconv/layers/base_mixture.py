"""The layer that all kernel-mixing layers are: bank x coefficients, bias, activation."""

import math

import keras
import tensorflow as tf

from tfdynconv import _compat, routing
from tfdynconv.layers.bank import add_bank
from tfdynconv.layers.kernel_layer import KernelLayer
from tfdynconv.layers.observe import note
from tfdynconv.ops import place
from tfdynconv.ops.constant_filters import mix_outputs
from tfdynconv.ops.mixing import check_coefficients, mix


class BaseMixture(KernelLayer):
    """`x -> routing(x) -> coefficients -> transform(x, bank, coefficients) -> bias -> activation`.

    Hooks of a subclass: `kernel_shape(channels)`, the shape of one kernel; `transform(inputs, bank, coefficients)`;
    `multiply_adds(input_shape, kernel)`, those of one static transform; `make_routing(routing)` where a name needs
    arguments; `coefficient_shape(channels)` where a kernel has more coefficients than one; `add_bias` and `sample_bias` where
    the bias is not mixed as the kernels are.

    `static_bias=True` adds a bias beside the mixed ones that is the same for every sample: coefficients need not sum to 1,
    so the mixed ones cannot hold the shift of a batch normalisation (`tfdynconv.surgery.fuse`).
    """

    has_static_bias = False  # whether `use_bias` already means such a bias
    filter_axes = (-1,)  # the shape in which a number for each filter multiplies a kernel
    count_name = "num_kernels"  # what the published layer calls the number of kernels

    def __init__(
        self,
        num_kernels,
        routing,
        static_bias=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if static_bias and self.has_static_bias:
            raise ValueError(
                f"{self.label}: its bias is static already. Received: static_bias={static_bias!r}. Use use_bias=True."
            )
        self.use_static_bias, self.static_bias = bool(static_bias), None
        self.num_kernels = self.check_positive(self.count_name, num_kernels)
        self.routing_name = routing if isinstance(routing, str) else None
        self.routing = self.make_routing(routing)

    def make_routing(self, identifier):
        return routing.get(identifier, **self.routing_dtype())

    def routing_dtype(self):
        return {"dtype": "float64" if self.compute_dtype == "float64" else "float32"}

    def build(self, input_shape):
        if isinstance(input_shape, (list, tuple)) and input_shape and isinstance(input_shape[0], (list, tuple)):
            input_shape = input_shape[0]  # Keras 2 hands the shapes of inputs and coefficients together
        channels = self.channels(input_shape)
        shape = self.kernel_shape(channels)
        self.kernel = add_bank(
            self,
            "kernel",
            (self.num_kernels, *shape),
            self.kernel_initializer,
            self.kernel_regularizer,
            self.kernel_constraint,
        )
        self.bias = self.add_bias(channels) if self.use_bias else None
        if self.use_static_bias:
            shape = (self.output_channels(channels),)
            self.static_bias = self.add_weight(name="static_bias", shape=shape, initializer="zeros", trainable=True)
        if self.routing is not None:
            self.bind_routing(channels)
            if not self.routing.built:
                self.routing.build(tuple(input_shape))
        super().build(input_shape)

    def output_channels(self, channels):
        return self.filters

    def coefficient_shape(self, channels):
        """Shape of one sample's coefficients."""
        return (self.num_kernels,)

    def bind_routing(self, channels):
        self.routing.bind(math.prod(self.coefficient_shape(channels)), self.data_format, self.label)

    def bias_shape(self, channels):
        return (self.num_kernels, self.output_channels(channels))

    def add_bias(self, channels):
        shape = self.bias_shape(channels)
        return add_bank(self, "bias", shape, self.bias_initializer, self.bias_regularizer, self.bias_constraint)

    def sample_bias(self, coefficients):
        """`[batch, output channels]`."""
        bias, phone = self.scaled(_compat.values(self.bias)), place.phone()
        if phone is not None and phone.wants_constants:
            # without a product of batches, as the convolutions there
            return mix_outputs(bias, coefficients, 2, lambda one: one[tf.newaxis])
        return mix(bias, coefficients)

    def call(self, inputs, coefficients=None, training=None):
        bank = self.scaled(_compat.values(self.kernel), self.filter_axes)
        coefficients = self.coefficients(inputs, coefficients, training)
        note(self, coefficients=coefficients)
        outputs = self.transform(inputs, bank, coefficients)
        biases = [self.sample_bias(coefficients)] if self.use_bias else []
        if self.use_static_bias:
            biases.append(self.scaled(_compat.values(self.static_bias))[tf.newaxis])
        if biases:
            outputs += self.broadcast_bias(sum(biases[1:], biases[0]), outputs.shape.rank)
        return outputs if self.activation is None else self.activation(outputs)

    def scaled(self, weights, shape=(-1,)):
        """Kernels or biases times the factor of each filter that an export has for this layer; `shape` lines them up."""
        phone = place.phone()
        factors = None if phone is None else phone.factors.get(id(self))
        return weights if factors is None else weights * factors.reshape(shape)

    def coefficients(self, inputs, given, training):
        """Those of the call, or the routing's."""
        if given is None:
            if self.routing is None:
                shape = self.coefficient_shape(self.channels(inputs.shape))
                raise ValueError(
                    f"{self.label}: made with routing=None, it needs the coefficients of the call: "
                    f"layer(x, coefficients) with coefficients of shape [batch, {', '.join(map(str, shape))}]."
                )
            given = self.route(inputs, training)
        return self.check_given(inputs, given)

    def route(self, inputs, training):
        return self.routing(inputs)

    def check_given(self, inputs, given):
        shape = self.coefficient_shape(self.channels(inputs.shape))
        given = tf.cast(given, inputs.dtype)
        if len(shape) > 1 and given.shape.rank == 2 and given.shape[1] == math.prod(shape):
            given = tf.reshape(given, [-1, *shape])
        return check_coefficients(given, shape, inputs.shape[0], self.label)

    def broadcast_bias(self, bias, rank):
        middle = [1] * (rank - 2)
        batch = bias.shape[0] if bias.shape[0] is not None else -1
        shape = (
            [batch, bias.shape[-1], *middle]
            if self.data_format == "channels_first"
            else [batch, *middle, bias.shape[-1]]
        )
        return tf.reshape(bias, shape)

    def cost(self, input_shape):
        """(parameters, multiply-adds of a sample) of convolution, mixing and routing for inputs of this shape.

        `input_shape` includes the batch axis, which may be None; pooling, biases and activations count no multiply-adds.
        """
        channels = self.channels(input_shape)
        kernel = math.prod(self.kernel_shape(channels))
        parameters = self.num_kernels * kernel
        multiply_adds = self.multiply_adds(input_shape, kernel) + self.num_kernels * kernel
        if self.use_bias:
            parameters += math.prod(self.bias_shape(channels))
        if self.use_static_bias:
            parameters += self.output_channels(channels)
        if self.routing is not None:
            self.bind_routing(channels)
            routing_parameters, routing_multiply_adds = self.routing.cost(channels)
            parameters, multiply_adds = parameters + routing_parameters, multiply_adds + routing_multiply_adds
        return parameters, multiply_adds

    def get_config(self):
        return {
            **super().get_config(),
            self.count_name: self.num_kernels,
            "routing": self.routing_name or keras.saving.serialize_keras_object(self.routing),
            "static_bias": self.use_static_bias,
        }
