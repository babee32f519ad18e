"""What blocks of several layers share: channels first, the building of their parts, shapes, cost and config."""

import keras
import tensorflow as tf

from tfdynconv import _compat
from tfdynconv.ops.geometry import standardize_data_format


class Block(keras.layers.Layer):
    """A block computes with channels last; where the data has them first, this class transposes on the way in and out.

    Hooks of a subclass, whose shapes all have channels last:
        make(shape): make the parts and weights, `self.grow(layer, shape)` each part.
        run(inputs, training): the block.
        output_shape(shape): of its output; sizes may be None.
        count(shape): (parameters, multiply-adds of a sample); see `CondConv2D.cost`.
    """

    def __init__(self, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format or _compat.image_data_format(), self.label)
        self.input_spec = keras.layers.InputSpec(ndim=4)

    @property
    def label(self):
        """How error messages call this block."""
        return f"{type(self).__name__} {self.name!r}"

    def check_positive(self, name, value):
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{self.label}: `{name}` must be a positive int. Received: {name}={value!r}.")
        return value

    def build(self, input_shape):
        shape = self.last(input_shape)
        if shape[-1] is None:
            raise ValueError(
                f"{self.label}: the number of input channels must be known. Received: input shape {tuple(input_shape)}. "
                "Give the model's Input a shape with channels."
            )
        self.make(shape)
        super().build(input_shape)

    def grow(self, layer, shape):
        """A part, built for inputs of this shape; give it `dtype=self.dtype_policy` and a name."""
        layer.build(tuple(shape))
        return layer

    def norm(self, shape, name, **arguments):
        """Batch normalisation of the global batch, built; with PyTorch's constants unless told others."""
        arguments = {"momentum": 0.9, "epsilon": 1e-5, "synchronized": True, **arguments}
        return self.grow(keras.layers.BatchNormalization(**arguments, dtype=self.dtype_policy, name=name), shape)

    def call(self, inputs, training=None):
        if self.data_format == "channels_last":
            return self.run(inputs, training)
        return tf.transpose(self.run(tf.transpose(inputs, [0, 2, 3, 1]), training), [0, 3, 1, 2])

    def last(self, shape):
        """The shape with channels last."""
        shape = tuple(shape)
        return shape if self.data_format == "channels_last" else (shape[0], *shape[2:], shape[1])

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = self.output_shape(self.last(input_shape))
        if self.data_format == "channels_last":
            return (batch, height, width, channels)
        return (batch, channels, height, width)

    def output_shape(self, shape):
        """That of the input, for a block that changes no size."""
        return shape

    def cost(self, input_shape):
        """(parameters, multiply-adds of a sample); see `CondConv2D.cost`."""
        shape = self.last(input_shape)
        if None in shape[1:]:
            raise ValueError(
                f"{self.label}: the cost depends on sizes and channels. Received: input shape {tuple(input_shape)}. "
                "Give all of them."
            )
        return self.count(shape)

    def get_config(self):
        return {**super().get_config(), "data_format": self.data_format}
