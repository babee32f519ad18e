"""A bias of the ordinary kind among the mixing layers: the same for every sample."""

from tfdynconv import _compat


class StaticBias:
    """For `BaseMixture` layers whose publications mix kernels but not biases."""

    has_static_bias = True

    def bias_shape(self, channels):
        return (self.output_channels(channels),)

    def add_bias(self, channels):
        return self.add_weight(
            name="bias",
            shape=self.bias_shape(channels),
            initializer=self.bias_initializer,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
            trainable=True,
        )

    def sample_bias(self, coefficients):
        return self.scaled(_compat.values(self.bias))[None, :]
