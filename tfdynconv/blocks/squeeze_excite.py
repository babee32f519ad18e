"""Squeeze and excitation (arXiv 1709.01507): a gate for each channel."""

import keras
import tensorflow as tf

from tfdynconv.blocks import torch_entries
from tfdynconv.blocks.base import Block
from tfdynconv.blocks.channel_rounding import HiddenWidth
from tfdynconv.blocks.pooled_attention import PooledAttention, attention_dtype
from tfdynconv.layers import torch_layout


def hard_sigmoid(logits):
    """`relu6(x + 3) / 6` in every Keras; Keras 2 has another slope under this name."""
    return tf.nn.relu6(logits + 3.0) / 6.0


GATES = {"sigmoid": tf.sigmoid, "hard_sigmoid": hard_sigmoid}


@keras.saving.register_keras_serializable(package="tfdynconv")
class SqueezeExcite(HiddenWidth, Block):
    """Weighs every channel of the input by a gate that is computed from the means of all channels.

    Behind the last convolution of a block, before its residual is added.

    `y = x gate(W2 activation(W1 mean(x) + b1) + b2)`, the gate between 0 and 1, one for each sample and channel.

    Args:
        reduction_ratio: hidden width as a share of the channels.
        hidden_units: the hidden width itself; overrides the ratio.
        divisor: the hidden width is rounded to a multiple of it (8, timm's rule); None rounds down, as the authors do.
        activation: of the hidden layer.
        gate: `"sigmoid"`, or `"hard_sigmoid"`, `relu6(x + 3) / 6`, as in MobileNetV3 and GhostNet.
        data_format: as in `keras.layers.Conv2D`.

    Shapes: `[batch, height, width, channels]`, or channels first, to the same.

    Raises:
        ValueError: bad arguments, an input whose channels are not known.

    Cost, C channels, hidden width R: `2 C R + R + C` parameters, `2 C R + height width C` multiply-adds.

    Reference: Hu et al., Squeeze-and-Excitation Networks, arXiv 1709.01507.

    >>> import tensorflow as tf, tfdynconv
    >>> layer = tfdynconv.blocks.SqueezeExcite(reduction_ratio=1 / 4)
    >>> layer(tf.ones([2, 8, 8, 64])).shape, layer.cost((None, 8, 8, 64))
    (TensorShape([2, 8, 8, 64]), (2128, 6144))
    """

    def __init__(
        self,
        reduction_ratio=1 / 16,
        hidden_units=None,
        divisor=8,
        activation="relu",
        gate="sigmoid",
        data_format=None,
        **kwargs,
    ):
        super().__init__(data_format=data_format, **kwargs)
        if gate not in GATES:
            raise ValueError(f"{self.label}: `gate` must be one of {tuple(GATES)}. Received: gate={gate!r}.")
        self.set_width(reduction_ratio, hidden_units, divisor)
        self.activation, self.gate = keras.activations.get(activation), gate

    def attention(self, channels):
        return PooledAttention(
            self.width(channels, round_limit=0.0),
            channels,
            use_norm=False,
            activation=self.activation,
            name="attention",
            dtype=attention_dtype(self.compute_dtype),
        )

    def make(self, shape):
        self.excitation = self.grow(self.attention(shape[-1]), (shape[0], shape[-1]))

    def run(self, inputs, training):
        gate = GATES[self.gate](self.excitation(self.excitation.pool(inputs)))
        return inputs * tf.cast(tf.reshape(gate, [-1, 1, 1, inputs.shape[-1]]), inputs.dtype)

    def count(self, shape):
        parameters, multiply_adds = self.attention(shape[-1]).cost(shape[-1])
        return parameters, multiply_adds + shape[1] * shape[2] * shape[3]

    def load_torch_state(self, state):
        """Take the weights of timm's `SEModule`: `{name in its state_dict: array}`."""
        excitation = self.excitation
        table = {**torch_entries.dense("fc1", excitation.squeeze), **torch_entries.dense("fc2", excitation.excite)}
        torch_layout.assign(self.label, state, table)

    def get_config(self):
        return {
            **super().get_config(),
            "activation": keras.activations.serialize(self.activation),
            "gate": self.gate,
        }
