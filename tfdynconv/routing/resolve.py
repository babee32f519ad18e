"""From what a user writes, `routing=...`, to a routing object."""

import typing

import keras

from tfdynconv.ops.types import Shape, Tensor
from tfdynconv.routing.base import Routing
from tfdynconv.routing.sigmoid import SigmoidRouting
from tfdynconv.routing.softmax import SoftmaxRouting

NAMES = {"sigmoid": SigmoidRouting, "softmax": SoftmaxRouting}


@keras.saving.register_keras_serializable(package="tfdynconv")
class CallableRouting(Routing):
    """Routing by a function or a Keras layer, `inputs -> [batch, num_kernels]`.

    To be saved with a model, a function must be registered with `keras.saving.register_keras_serializable`.

    Args:
        function: the function or layer.
        num_kernels, data_format: see `Routing`.
    """

    def __init__(
        self,
        function: typing.Callable,
        num_kernels: typing.Optional[int] = None,
        data_format: typing.Optional[str] = None,
        **kwargs: typing.Any,
    ) -> None:
        super().__init__(num_kernels=num_kernels, data_format=data_format, **kwargs)
        self.function = function

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        if isinstance(self.function, keras.layers.Layer) and not self.function.built:
            self.function.build(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        return self.function(inputs)

    def get_config(self) -> dict:
        return {**super().get_config(), "function": keras.saving.serialize_keras_object(self.function)}

    @classmethod
    def from_config(cls, config: dict) -> typing.Any:
        return cls(**{**config, "function": keras.saving.deserialize_keras_object(config["function"])})


def get(identifier: typing.Any, **arguments: typing.Any) -> typing.Optional[Routing]:
    """A routing object from None, a name, a config dict, a `Routing`, or a callable.

    `arguments` go to the class that a name stands for; the other forms carry their own.

    >>> from tfdynconv import routing
    >>> type(routing.get("softmax")).__name__
    'SoftmaxRouting'

    Raises: `ValueError` for anything else.
    """
    if identifier is None or isinstance(identifier, Routing):
        return identifier
    if isinstance(identifier, dict):
        return keras.saving.deserialize_keras_object(identifier)
    if isinstance(identifier, str) and identifier in NAMES:
        return NAMES[identifier](**arguments)
    if callable(identifier):
        return CallableRouting(identifier, **{k: v for k, v in arguments.items() if k == "dtype"})
    raise ValueError(
        f"tfdynconv.routing: expected None, one of {', '.join(map(repr, NAMES))}, a Routing object, its config, or a "
        f"callable inputs -> coefficients. Received: routing={identifier!r}."
    )
