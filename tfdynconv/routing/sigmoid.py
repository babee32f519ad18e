"""CondConv's routing (arXiv 1904.04971): global mean, one dense layer, sigmoid."""

import typing

import keras
import tensorflow as tf

from tfdynconv.ops.types import Shape, Tensor
from tfdynconv.routing.base import Routing, zero


@keras.saving.register_keras_serializable(package="tfdynconv")
class SigmoidRouting(Routing):
    """`a = sigmoid(mean(x) R + r)`: independent coefficients between 0 and 1.

    Args:
        num_kernels: see `Routing`.
        hidden_units: None, or the width of a dense layer with relu before the other (DyNet's for ResNets has a quarter of
            the channels).
        data_format: see `Routing`.

    Raises:
        ValueError: `hidden_units` below 1.

    Shapes: `[batch, *space, channels] -> [batch, num_kernels]`.

    Cost: `num_kernels (channels + 1)` parameters, `num_kernels channels` multiply-adds; with h hidden units
    `h (channels + 1) + num_kernels (h + 1)` and `h channels + num_kernels h`.

    >>> import tensorflow as tf, tfdynconv
    >>> tfdynconv.routing.SigmoidRouting(4)(tf.zeros([2, 8, 8, 3])).numpy()[0]
    array([0.5, 0.5, 0.5, 0.5], dtype=float32)
    """

    def __init__(
        self,
        num_kernels: typing.Optional[int] = None,
        hidden_units: typing.Optional[int] = None,
        data_format: typing.Optional[str] = None,
        **kwargs: typing.Any,
    ) -> None:
        super().__init__(num_kernels=num_kernels, data_format=data_format, **kwargs)
        if hidden_units is not None and (not isinstance(hidden_units, int) or hidden_units < 1):
            raise ValueError(
                f"SigmoidRouting: `hidden_units` must be None or a positive int. Received: hidden_units={hidden_units!r}."
            )
        self.hidden_units = hidden_units

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        channels = self.channels(input_shape)
        self.hidden = None
        if self.hidden_units is not None:
            self.hidden = keras.layers.Dense(self.hidden_units, "relu", name="hidden", dtype=self.compute_dtype)
            self.hidden.build((None, channels))
        self.dense = keras.layers.Dense(self.num_kernels, name="dense", dtype=self.compute_dtype)
        self.dense.build((None, self.hidden_units or channels))

    def call(self, inputs: Tensor) -> Tensor:
        pooled = self.pool(inputs)
        return tf.sigmoid(self.dense(pooled if self.hidden is None else self.hidden(pooled)))

    def stand_still(self) -> float:
        zero(self.dense)
        return 0.5

    def cost(self, channels: int) -> tuple:
        if self.hidden_units is None:
            return self.num_kernels * (channels + 1), self.num_kernels * channels
        h = self.hidden_units
        return h * (channels + 1) + self.num_kernels * (h + 1), h * channels + self.num_kernels * h

    def get_config(self) -> dict:
        return {**super().get_config(), "hidden_units": self.hidden_units}
