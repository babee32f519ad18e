"""A temperature that can change during training: a weight that no optimizer moves."""

import typing

import tensorflow as tf

from tfdynconv.ops.types import Shape, Tensor


class TemperatureMixin:
    """For routing with a temperature: the compiled step reads the variable, checkpoints keep it.

    Beside `temperature` stands `final_temperature`, 1 unless a schedule says otherwise: where training is to leave it.
    Exporting a model at another value warns.
    """

    add_weight: typing.Callable  # the layer's

    def set_temperature(self, temperature: float) -> None:
        if isinstance(temperature, bool) or not isinstance(temperature, (int, float)) or not temperature > 0:
            raise ValueError(
                f"{type(self).__name__}: `temperature` must be a positive number. Received: temperature={temperature!r}."
            )
        self.initial_temperature = float(temperature)

    def add_temperature(self) -> None:
        for name, value in (("temperature", self.initial_temperature), ("final_temperature", 1.0)):

            def initializer(shape: Shape, dtype: typing.Any = None, value: float = value) -> Tensor:
                return tf.constant(value, dtype, shape)  # Keras' own Constant rounds to float32

            setattr(self, name, self.add_weight(name=name, shape=(), initializer=initializer, trainable=False))
