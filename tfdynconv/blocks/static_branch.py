"""Ordinary convolutions in a row, each with batch normalisation: shortcuts and the branches that stay static."""

import keras


class StaticBranch(keras.layers.Layer):
    """`parts` holds, for each convolution, (kind, filters, kernel size, strides, activation); kind "conv" or "depthwise"."""

    def __init__(self, parts, **kwargs):
        super().__init__(**kwargs)
        self.parts = parts

    def build(self, input_shape):
        policy, shape = self.dtype_policy, tuple(input_shape)
        self.convs, self.norms = [], []
        for i, (kind, filters, kernel_size, strides, _) in enumerate(self.parts):
            shared = {"padding": "same", "use_bias": False, "dtype": policy, "name": f"conv_{i}", "strides": strides}
            if kind == "depthwise":
                conv = keras.layers.DepthwiseConv2D(kernel_size, data_format="channels_last", **shared)
            else:
                conv = keras.layers.Conv2D(filters, kernel_size, data_format="channels_last", **shared)
            norm = keras.layers.BatchNormalization(synchronized=True, dtype=policy, name=f"norm_{i}")
            conv.build(shape)
            shape = tuple(conv.compute_output_shape(shape))
            norm.build(shape)
            self.convs.append(conv)
            self.norms.append(norm)
        super().build(input_shape)

    def call(self, inputs, training=None):
        for conv, norm, (*_, activation) in zip(self.convs, self.norms, self.parts):
            inputs = norm(conv(inputs), training=training)
            if activation is not None:
                inputs = activation(inputs)
        return inputs

    def cost(self, input_shape):
        """(parameters, multiply-adds of a sample); of the normalisation scale and shift alone."""
        _, height, width, channels = input_shape
        parameters = multiply_adds = 0
        for kind, filters, kernel_size, strides, _ in self.parts:
            kernel = kernel_size**2 * filters * (1 if kind == "depthwise" else channels)
            height, width, channels = -(-height // strides), -(-width // strides), filters
            parameters, multiply_adds = parameters + kernel + 2 * filters, multiply_adds + height * width * kernel
        return parameters, multiply_adds
