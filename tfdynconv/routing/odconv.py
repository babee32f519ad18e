"""ODConv's routing (arXiv 2209.07947): four attentions from one squeezed vector."""

import typing

import keras
import tensorflow as tf

from tfdynconv.ops.types import Shape, Tensor
from tfdynconv.routing.base import Routing, zero
from tfdynconv.routing.temperature import TemperatureMixin
from tfdynconv.routing.vector_norm import VectorBatchNormalization

HEADS = ("channel", "filter", "spatial", "kernel")
NORMS = ("batch", "layer", None)


@keras.saving.register_keras_serializable(package="tfdynconv")
class ODConvRouting(TemperatureMixin, Routing):
    """`v = relu(norm(W mean(x)))`, then one head for each attention: `sigmoid(H v / temperature)`, for kernels a softmax.

    Args:
        sizes: `{"channel": C, "filter": O, "spatial": taps, "kernel": n}`, without the attentions that stay 1; a layer fills
            it in.
        reduction_ratio: hidden width as a share of the channels, rounded down.
        min_hidden: the least hidden width.
        temperature: where the temperature starts; it divides the logits of all heads.
        norm: `"batch"` (as published; a batch of one is normalised with the running statistics), `"layer"` or None.
        data_format: see `Routing`.

    Raises:
        ValueError: an unknown head or norm; a temperature, ratio or width that is not positive.

    Shapes: `[batch, *space, channels] -> {name: [batch, size]}`.

    Cost, hidden width h: `channels h + 2 h + (h + 1) S` parameters for S sizes together (with `norm=None` h fewer),
    `channels h + h S` multiply-adds.

    >>> import tensorflow as tf, tfdynconv
    >>> attentions = tfdynconv.routing.ODConvRouting({"channel": 3, "kernel": 4})(tf.zeros([2, 8, 8, 3]))
    >>> {name: tuple(values.shape) for name, values in sorted(attentions.items())}
    {'channel': (2, 3), 'kernel': (2, 4)}
    """

    def __init__(
        self,
        sizes: typing.Optional[typing.Mapping[str, int]] = None,
        reduction_ratio: float = 1 / 16,
        min_hidden: int = 16,
        temperature: float = 1.0,
        norm: typing.Optional[str] = "batch",
        data_format: typing.Optional[str] = None,
        **kwargs: typing.Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.set_temperature(temperature)
        if sizes is not None and (not sizes or not set(sizes) <= set(HEADS)):
            raise ValueError(f"ODConvRouting: `sizes` must name some of {HEADS}. Received: sizes={sizes!r}.")
        if reduction_ratio <= 0 or not isinstance(min_hidden, int) or min_hidden < 1:
            raise ValueError(
                "ODConvRouting: `reduction_ratio` must be positive and `min_hidden` a positive int. "
                f"Received: reduction_ratio={reduction_ratio!r}, min_hidden={min_hidden!r}."
            )
        if norm not in NORMS:
            raise ValueError(f"ODConvRouting: `norm` must be one of {NORMS}. Received: norm={norm!r}.")
        self.num_kernels = sizes and in_order(sizes)
        self.reduction_ratio, self.min_hidden, self.norm = reduction_ratio, min_hidden, norm

    def width(self, channels: int) -> int:
        return max(int(channels * self.reduction_ratio), self.min_hidden)

    def bind(self, num_kernels: typing.Any, data_format: typing.Optional[str], owner: str) -> None:
        super().bind(in_order(num_kernels), data_format, owner)

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        channels = self.channels(input_shape)
        hidden = self.width(channels)
        initializer = {"scale": 2.0, "mode": "fan_out", "distribution": "untruncated_normal"}  # as published

        def dense(name: str, units: int, inputs: int, use_bias: bool) -> keras.layers.Layer:
            layer = keras.layers.Dense(
                units,
                use_bias=use_bias,
                kernel_initializer=keras.initializers.VarianceScaling(**initializer),
                name=name,
                dtype=self.compute_dtype,
            )
            layer.build((None, inputs))
            return layer

        self.squeeze = dense("squeeze", hidden, channels, use_bias=self.norm is None)
        self.normalize: typing.Any = None
        if self.norm is not None:
            kind = VectorBatchNormalization if self.norm == "batch" else keras.layers.LayerNormalization
            self.normalize = kind(epsilon=1e-5, name="norm", dtype=self.compute_dtype)
            self.normalize.build((None, hidden))
        self.heads = [dense(f"{name}_head", size, hidden, use_bias=True) for name, size in self.num_kernels]
        self.add_temperature()

    def head(self, name: str) -> keras.layers.Layer:
        """The dense layer of one attention, or None."""
        return dict(zip(dict(self.num_kernels), self.heads)).get(name)

    def call(self, inputs: Tensor, training: typing.Optional[bool] = None) -> typing.Any:
        hidden = self.squeeze(self.pool(inputs))
        if self.norm == "batch":
            hidden = self.normalize(hidden, training=training)
        elif self.norm == "layer":
            hidden = self.normalize(hidden)
        hidden = tf.nn.relu(hidden)
        temperature = tf.convert_to_tensor(self.temperature)
        return {
            name: (tf.nn.softmax if name == "kernel" else tf.sigmoid)(head(hidden) / temperature)
            for (name, _), head in zip(self.num_kernels, self.heads)
        }

    def stand_still(self) -> dict:
        """`{name: the number that every attention of this name is}`."""
        for head in self.heads:
            zero(head)
        return {name: 1 / size if name == "kernel" else 0.5 for name, size in self.num_kernels}

    def compute_output_shape(self, input_shape: Shape) -> typing.Any:
        return {name: (input_shape[0], size) for name, size in self.num_kernels}

    def cost(self, channels: int) -> tuple:
        h, total = self.width(channels), sum(size for _, size in self.num_kernels)
        norm = h if self.norm is None else 2 * h
        return channels * h + norm + (h + 1) * total, channels * h + h * total

    def get_config(self) -> dict:
        config = super().get_config()
        del config["num_kernels"]
        return {
            **config,
            "sizes": self.num_kernels and dict(self.num_kernels),
            "reduction_ratio": self.reduction_ratio,
            "min_hidden": self.min_hidden,
            "temperature": self.initial_temperature,
            "norm": self.norm,
        }


def in_order(sizes: typing.Any) -> tuple:
    """A dict or pairs as a tuple of pairs, in the order of `HEADS`."""
    sizes = dict(sizes)
    return tuple((name, int(sizes[name])) for name in HEADS if name in sizes)
