"""Dynamic Convolution's routing (arXiv 1912.03458): squeeze and excite, then softmax with a temperature."""

import typing

import keras
import tensorflow as tf

from tfdynconv.ops.types import Shape, Tensor
from tfdynconv.routing.base import Routing, zero
from tfdynconv.routing.temperature import TemperatureMixin


@keras.saving.register_keras_serializable(package="tfdynconv")
class SoftmaxRouting(TemperatureMixin, Routing):
    """`a = softmax((W2 relu(W1 mean(x)) + b2) / temperature)`: coefficients that sum to 1.

    A high temperature keeps the coefficients nearly equal, so that at first every kernel learns;
    `tfdynconv.training.TemperatureSchedule` lowers it.

    Args:
        num_kernels: see `Routing`.
        reduction_ratio: hidden width as a share of the channels, at least 1 unit.
        hidden_units: the hidden width itself; overrides the ratio (the popular PyTorch module has
            `int(channels * ratio) + 1`).
        temperature: where the temperature starts. It is a weight that can be set, `routing.temperature.assign(1.0)`.
        data_format: see `Routing`.

    Raises:
        ValueError: a temperature or width that is not positive.

    Shapes: `[batch, *space, channels] -> [batch, num_kernels]`.

    Cost, hidden width h: `channels h + (h + 1) num_kernels` parameters, `channels h + h num_kernels` multiply-adds.

    >>> import tensorflow as tf, tfdynconv
    >>> tfdynconv.routing.SoftmaxRouting(4)(tf.zeros([2, 8, 8, 3])).numpy()[0]
    array([0.25, 0.25, 0.25, 0.25], dtype=float32)
    """

    sums_to_one = True

    def __init__(
        self,
        num_kernels: typing.Optional[int] = None,
        reduction_ratio: float = 0.25,
        hidden_units: typing.Optional[int] = None,
        temperature: float = 30.0,
        data_format: typing.Optional[str] = None,
        **kwargs: typing.Any,
    ) -> None:
        super().__init__(num_kernels=num_kernels, data_format=data_format, **kwargs)
        self.set_temperature(temperature)
        if reduction_ratio <= 0 or (hidden_units is not None and hidden_units < 1):
            raise ValueError(
                "SoftmaxRouting: `reduction_ratio` must be positive and `hidden_units` None or at least 1. "
                f"Received: reduction_ratio={reduction_ratio!r}, hidden_units={hidden_units!r}."
            )
        self.reduction_ratio = reduction_ratio
        self.hidden_units = hidden_units

    def width(self, channels: int) -> int:
        return self.hidden_units or max(1, int(channels * self.reduction_ratio))

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        channels = self.channels(input_shape)
        initializer = {"scale": 2.0, "mode": "fan_out", "distribution": "untruncated_normal"}  # as published
        self.squeeze = keras.layers.Dense(
            self.width(channels),
            activation="relu",
            use_bias=False,
            kernel_initializer=keras.initializers.VarianceScaling(**initializer),
            name="squeeze",
            dtype=self.compute_dtype,
        )
        self.excite = keras.layers.Dense(
            self.num_kernels,
            kernel_initializer=keras.initializers.VarianceScaling(**initializer),
            name="excite",
            dtype=self.compute_dtype,
        )
        self.squeeze.build((None, channels))
        self.excite.build((None, self.width(channels)))
        self.add_temperature()

    def call(self, inputs: Tensor) -> Tensor:
        logits = self.excite(self.squeeze(self.pool(inputs)))
        return tf.nn.softmax(logits / tf.convert_to_tensor(self.temperature))

    def stand_still(self) -> float:
        zero(self.excite)
        return 1 / self.num_kernels

    def cost(self, channels: int) -> tuple:
        h = self.width(channels)
        return channels * h + (h + 1) * self.num_kernels, channels * h + h * self.num_kernels

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "reduction_ratio": self.reduction_ratio,
            "hidden_units": self.hidden_units,
            "temperature": self.initial_temperature,
        }
