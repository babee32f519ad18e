"""The shell of a layer whose kernel, however it comes about, is the same for every sample."""

from tfdynconv import _compat
from tfdynconv.layers.bank import reseeded
from tfdynconv.layers.conv_window import ConvWindow
from tfdynconv.layers.fold import Folds
from tfdynconv.layers.kernel_layer import KernelLayer
from tfdynconv.ops.per_sample_conv import channels_first, channels_last


class StaticConv(Folds, ConvWindow, KernelLayer):
    """Bias, activation and channels first around `convolve(inputs)`, which has channels last."""

    def add_kernel(self, name, shape, index=0):
        """A weight with the arguments about kernels; one of several has an index, for another seed."""
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=reseeded(self.kernel_initializer, index) if index else self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            trainable=True,
        )

    def add_bias(self):
        """One for each filter, or None."""
        if not self.use_bias:
            return None
        return self.add_weight(
            name="bias",
            shape=(self.filters,),
            initializer=self.bias_initializer,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
            trainable=True,
        )

    def call(self, inputs):
        first = self.data_format == "channels_first"
        outputs = self.convolve(channels_last(inputs) if first else inputs)
        if self.use_bias:
            outputs += _compat.values(self.bias)
        outputs = channels_first(outputs) if first else outputs
        return outputs if self.activation is None else self.activation(outputs)

    def folded_bias(self):
        return self.bias.numpy() if self.use_bias else None
