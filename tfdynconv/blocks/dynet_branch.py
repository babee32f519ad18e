"""The part that DyNet's blocks share: dynamic convolutions in a row, fed by one coefficient predictor."""

import keras
import tensorflow as tf

from tfdynconv.layers import DyNetConv2D
from tfdynconv.routing import SplitRouting


class DyNetBranch(keras.layers.Layer):
    """`DyNetConv2D`, batch normalisation and activation, again and again; the coefficients of all come from the input.

    `convolutions` holds, for each, the arguments of its layer and its activation (None for none).
    """

    def __init__(self, convolutions, group_size, hidden_units=None, **kwargs):
        super().__init__(**kwargs)
        self.convolutions, self.group_size, self.hidden_units = convolutions, group_size, hidden_units

    def make(self, **arguments):
        shared = {"padding": "same", "use_bias": False, "routing": None, "data_format": "channels_last"}
        return DyNetConv2D(group_size=self.group_size, **shared, **arguments)

    def build(self, input_shape):
        policy, count = self.dtype_policy, len(self.convolutions)
        self.convs = [
            self.make(**arguments, dtype=policy, name=f"conv_{i}") for i, (arguments, _) in enumerate(self.convolutions)
        ]
        self.norms = [
            keras.layers.BatchNormalization(synchronized=True, dtype=policy, name=f"norm_{i}") for i in range(count)
        ]
        dtype = "float64" if self.compute_dtype == "float64" else "float32"
        shapes = [(self.group_size, conv.filters) for conv in self.convs]
        self.predictor = SplitRouting(
            shapes, self.hidden_units, data_format="channels_last", dtype=dtype, name="predictor"
        )
        self.predictor.build(tuple(input_shape))
        shape = tuple(input_shape)
        for conv, norm in zip(self.convs, self.norms):
            conv.build(shape)
            shape = conv.compute_output_shape(shape)
            norm.build(shape)
        super().build(input_shape)

    def call(self, inputs, training=None):
        coefficients = self.predictor(inputs)
        for conv, norm, given, (_, activation) in zip(self.convs, self.norms, coefficients, self.convolutions):
            inputs = norm(conv(inputs, tf.cast(given, self.compute_dtype)), training=training)
            if activation is not None:
                inputs = activation(inputs)
        return inputs

    def compute_output_shape(self, input_shape):
        for arguments, _ in self.convolutions:
            strides = arguments.get("strides", 1)
            space = [None if n is None else -(-n // strides) for n in input_shape[1:3]]
            input_shape = (input_shape[0], *space, arguments["filters"])
        return input_shape

    def cost(self, input_shape):
        """(parameters, multiply-adds of a sample); of the normalisation scale and shift alone."""
        shape, channels = tuple(input_shape), int(input_shape[-1])
        shapes = [(self.group_size, arguments["filters"]) for arguments, _ in self.convolutions]
        parameters, multiply_adds = SplitRouting(shapes, self.hidden_units).cost(channels)
        for arguments, _ in self.convolutions:
            conv = self.make(**arguments)
            more, adds = conv.cost(shape)
            parameters, multiply_adds = parameters + more + 2 * conv.filters, multiply_adds + adds
            shape = conv.compute_output_shape(shape)
        return parameters, multiply_adds
