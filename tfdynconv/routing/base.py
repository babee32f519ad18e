"""Routing: the small network that turns the input of a dynamic layer into mixing coefficients."""

import typing

import keras
import tensorflow as tf

from tfdynconv import _compat
from tfdynconv.ops.geometry import standardize_data_format
from tfdynconv.ops.types import Shape, Tensor


class Routing(keras.layers.Layer):
    """Base of all routing: `inputs [batch, *space, channels] -> coefficients [batch, num_kernels]`.

    A subclass makes its weights in `build`, computes the coefficients in `call`, and states two facts that tools read:
    `sums_to_one` and, in `cost`, what it costs; with `stand_still` a trained layer can start with it. It runs in float32
    under every 16-bit policy (float64 stays float64).

    Args:
        num_kernels: kernels in the bank. A dynamic layer fills it in; give it when the routing stands alone.
        data_format: of the inputs; a dynamic layer fills it in, alone it is Keras' default.

    Raises:
        ValueError: `num_kernels` below 1, or not that of the layer; a layer given the routing of another one.

    Alone, its coefficients can be shared by several layers:

    >>> import keras, tfdynconv
    >>> x = keras.Input([8, 8, 3])
    >>> coefficients = tfdynconv.routing.SigmoidRouting(4)(x)
    >>> y = tfdynconv.CondConv2D(6, 3, num_experts=4, routing=None)(x, coefficients)
    >>> tuple(y.shape)
    (None, 6, 6, 6)
    """

    sums_to_one = False
    num_kernels: typing.Any  # an int; pairs of name and size where there are several attentions
    owner: str

    def __init__(
        self, num_kernels: typing.Optional[int] = None, data_format: typing.Optional[str] = None, **kwargs: typing.Any
    ) -> None:
        kwargs.setdefault("dtype", "float64" if _compat.floatx() == "float64" else "float32")
        super().__init__(**kwargs)
        if num_kernels is not None and (not isinstance(num_kernels, int) or num_kernels < 1):
            raise ValueError(
                f"{type(self).__name__}: `num_kernels` must be a positive int. Received: num_kernels={num_kernels!r}."
            )
        self.num_kernels = num_kernels
        self.data_format = data_format and standardize_data_format(data_format, type(self).__name__)

    def bind(self, num_kernels: typing.Any, data_format: typing.Optional[str], owner: str) -> None:
        """Take the size of the bank and the data format from the dynamic layer that owns this routing."""
        if getattr(self, "owner", owner) != owner:
            raise ValueError(
                f"{owner}: its routing {type(self).__name__} already belongs to {self.owner}, and Keras cannot load a model "
                "in which two layers hold the same routing. Make one routing for each layer, or share the coefficients: "
                "make both layers with routing=None and call layer(x, routing(x))."
            )
        self.owner = owner
        for name, value in (("num_kernels", num_kernels), ("data_format", data_format)):
            mine = getattr(self, name)
            if mine is not None and mine != value:
                raise ValueError(
                    f"{owner}: its routing {type(self).__name__} was made with {name}={mine!r}, but the layer has "
                    f"{name}={value!r}. Make the routing without {name}, or with the same."
                )
            setattr(self, name, value)

    def build(self, input_shape: Shape) -> None:
        if self.num_kernels is None:
            raise ValueError(
                f"{type(self).__name__}: how many kernels? Standing alone, a routing needs `num_kernels`: "
                f"{type(self).__name__}(num_kernels=4)."
            )
        self.data_format = self.data_format or _compat.image_data_format()
        super().build(input_shape)

    def channels(self, input_shape: Shape) -> typing.Any:
        return input_shape[1 if self.data_format == "channels_first" and len(input_shape) > 2 else -1]

    def pool(self, inputs: Tensor) -> Tensor:
        """Global mean over all spatial axes: `[batch, channels]`."""
        inputs = tf.cast(inputs, self.compute_dtype)
        if inputs.shape.rank == 2:
            return inputs
        axes = range(2, inputs.shape.rank) if self.data_format == "channels_first" else range(1, inputs.shape.rank - 1)
        return tf.reduce_mean(inputs, list(axes))

    def compute_output_shape(self, input_shape: Shape) -> typing.Any:
        return (input_shape[0], self.num_kernels)

    def stand_still(self) -> typing.Any:
        """Set the weights, which must exist, so that every coefficient is the same for every input; return that number.

        Training sets out from there: `tfdynconv.surgery.to_dynamic` starts layers like this.
        """
        raise ValueError(
            f"{type(self).__name__}: it cannot be told to stand still. Define stand_still(self) in it: set its weights so that "
            "every coefficient is the same number, whatever the input, and return that."
        )

    def cost(self, channels: int) -> tuple:
        """(parameters, multiply-adds of a sample) for inputs of so many channels."""
        raise ValueError(
            f"{type(self).__name__}: its cost is not known. Write a Routing subclass that defines cost(self, channels)."
        )

    def get_config(self) -> dict:
        return {**super().get_config(), "num_kernels": self.num_kernels, "data_format": self.data_format}


def zero(layer: keras.layers.Layer) -> None:
    """Set all weights of a layer to zero."""
    for weight in layer.weights:
        weight.assign(tf.zeros(weight.shape, weight.dtype))
