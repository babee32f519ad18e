"""One prediction for several layers, as DyNet's blocks have it (arXiv 2004.10694)."""

import math
import typing

import keras
import tensorflow as tf

from tfdynconv.ops.types import Shape, Tensor
from tfdynconv.routing.sigmoid import SigmoidRouting


@keras.saving.register_keras_serializable(package="tfdynconv")
class SplitRouting(SigmoidRouting):
    """`SigmoidRouting` whose coefficients are dealt out to several layers, each made with `routing=None`.

    Args:
        shapes: for each layer the shape of one sample's coefficients, `layer.coefficient_shape(channels)`: `(n,)`, or
            `(group_size, filters)` for DyNet.
        hidden_units, data_format: see `SigmoidRouting`.

    Raises:
        ValueError: `shapes` that are not tuples of positive ints.

    Shapes: `[batch, *space, channels] -> [[batch, *shape] for shape in shapes]`.

    Cost: that of `SigmoidRouting` with all coefficients together.

    >>> import tensorflow as tf, tfdynconv
    >>> x = tf.ones([2, 8, 8, 3])
    >>> first, second = tfdynconv.routing.SplitRouting([(6, 12), (4,)])(x)
    >>> first.shape, second.shape
    (TensorShape([2, 6, 12]), TensorShape([2, 4]))
    >>> tfdynconv.DyNetConv2D(12, 3, routing=None)(x, first).shape
    TensorShape([2, 6, 6, 12])
    """

    def __init__(
        self,
        shapes: typing.Sequence[typing.Sequence[int]],
        hidden_units: typing.Optional[int] = None,
        data_format: typing.Optional[str] = None,
        **kwargs: typing.Any,
    ) -> None:
        shapes = [tuple(shape) for shape in shapes]
        if not shapes or not all(isinstance(n, int) and n > 0 for shape in shapes for n in shape) or () in shapes:
            raise ValueError(
                f"SplitRouting: `shapes` must be a list of tuples of positive ints, one for each layer. Received: {shapes!r}."
            )
        total = sum(map(math.prod, shapes))
        super().__init__(num_kernels=total, hidden_units=hidden_units, data_format=data_format, **kwargs)
        self.shapes = shapes

    def call(self, inputs: Tensor) -> typing.Any:
        parts = tf.split(super().call(inputs), [math.prod(shape) for shape in self.shapes], -1)
        return [tf.reshape(part, [-1, *shape]) for part, shape in zip(parts, self.shapes)]

    def compute_output_shape(self, input_shape: Shape) -> typing.Any:
        return [(input_shape[0], *shape) for shape in self.shapes]

    def get_config(self) -> dict:
        config = super().get_config()
        del config["num_kernels"]
        return {**config, "shapes": [list(shape) for shape in self.shapes]}
