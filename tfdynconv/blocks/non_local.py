"""Non-local block (arXiv 1711.07971): every position looks at all others."""

import keras
import tensorflow as tf

from tfdynconv.blocks.base import Block
from tfdynconv.ops.geometry import spatial_size
from tfdynconv.ops.stencil import batch_of

SCALES = ("hidden", "channels", None)


@keras.saving.register_keras_serializable(package="tfdynconv")
class NonLocalBlock2D(Block):
    """Add to each position what all positions hold, weighed by how alike they are (embedded Gaussian).

    Between two stages of a network, where one look is to reach across the image. A new block changes nothing, for its batch
    normalisation starts at `gamma = 0`, so it can be put into a trained network.

    `y = x + norm(out(A g(x)))`, `A = softmax(scale theta(x) phi(x)^T)`, over the positions of `phi(x)`; theta, phi, g and out
    are 1x1 convolutions. The published ones all have a bias; here theta alone has one, for softmax and batch
    normalisation cancel those of the others.

    Args:
        hidden_units: channels of theta, phi and g; None for `max(1, int(channels * reduction_ratio))`.
        reduction_ratio: the published code has 1/2; timm has 1/8, rounded to a multiple of 8.
        scale: of the products before the softmax: `"hidden"`, `hidden_units ** -0.5` as in the authors' code;
            `"channels"`, `channels ** -0.5` as in timm; None for none, as in the paper.
        pool_size: phi and g see the input after a max-pooling of this size; 2 in the authors' code, a quarter of the products.
        data_format, use_bias, kernel_initializer, bias_initializer: as in `keras.layers.Conv2D`.

    Call arguments:
        inputs: `[batch, height, width, channels]`, or channels first.
        training: whether the normalisation uses the batch's statistics.

    Shapes: those of the input.

    Raises:
        ValueError: bad arguments; an input smaller than `pool_size`.

    Cost, C channels, h hidden, N positions, M of them after pooling: `4 C h + h + 2 C` parameters and
    `2 C h (N + M) + 2 N M h` multiply-adds.

    Reference: Wang et al., Non-local Neural Networks, arXiv 1711.07971.

    >>> import tensorflow as tf, tfdynconv
    >>> x = tf.random.normal([2, 6, 6, 8])
    >>> bool(tf.reduce_all(tfdynconv.blocks.NonLocalBlock2D()(x) == x))
    True
    """

    def __init__(
        self,
        hidden_units=None,
        reduction_ratio=0.5,
        scale="hidden",
        pool_size=1,
        data_format=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        **kwargs,
    ):
        super().__init__(data_format=data_format, **kwargs)
        self.hidden_units = hidden_units if hidden_units is None else self.check_positive("hidden_units", hidden_units)
        if not isinstance(reduction_ratio, (int, float)) or isinstance(reduction_ratio, bool) or reduction_ratio <= 0:
            raise ValueError(
                f"{self.label}: `reduction_ratio` must be a positive number. Received: reduction_ratio={reduction_ratio!r}."
            )
        if scale not in SCALES:
            raise ValueError(f"{self.label}: `scale` must be 'hidden', 'channels' or None. Received: scale={scale!r}.")
        self.reduction_ratio, self.scale, self.use_bias = reduction_ratio, scale, use_bias
        self.pool_size = self.check_positive("pool_size", pool_size)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def width(self, channels):
        return self.hidden_units or max(1, int(channels * self.reduction_ratio))

    def make(self, shape):
        self.check_size(shape)
        channels, hidden = shape[-1], self.width(shape[-1])
        outside, inside = (None, None, None, channels), (None, None, None, hidden)
        self.factor = {"hidden": hidden**-0.5, "channels": channels**-0.5, None: None}[self.scale]
        self.theta = self.grow(self.pointwise(hidden, "theta", self.use_bias), outside)
        self.phi = self.grow(self.pointwise(hidden, "phi"), outside)
        self.g = self.grow(self.pointwise(hidden, "g"), outside)
        self.out = self.grow(self.pointwise(channels, "out"), inside)
        self.normalize = self.norm(outside, "normalize", gamma_initializer="zeros")

    def pointwise(self, filters, name, use_bias=False):
        initializers = {"kernel_initializer": self.kernel_initializer, "bias_initializer": self.bias_initializer}
        arguments = {"use_bias": use_bias, "data_format": "channels_last", "dtype": self.dtype_policy, **initializers}
        return keras.layers.Conv2D(filters, 1, name=name, **arguments)

    def check_size(self, shape):
        if any(n is not None and n < self.pool_size for n in shape[1:3]):
            raise ValueError(
                f"{self.label}: height and width must be at least `pool_size`. Received: height and width "
                f"{tuple(shape[1:3])}, pool_size={self.pool_size}."
            )

    def run(self, inputs, training):
        self.check_size(inputs.shape)
        seen = inputs
        if self.pool_size > 1:
            seen = tf.nn.max_pool2d(inputs, self.pool_size, self.pool_size, "VALID")
        query, key, value = flat(self.theta(inputs)), flat(self.phi(seen)), flat(self.g(seen))
        if self.factor is not None:
            query *= self.factor
        likeness = tf.matmul(query, key, transpose_b=True)
        wide = likeness if likeness.dtype == tf.float64 else tf.cast(likeness, tf.float32)
        gathered = tf.matmul(tf.cast(tf.nn.softmax(wide), value.dtype), value)
        rows, columns = spatial_size(inputs, 2)
        gathered = tf.reshape(gathered, [batch_of(inputs), rows, columns, value.shape[-1]])
        return inputs + self.normalize(self.out(gathered), training=training)

    def count(self, shape):
        _, rows, columns, channels = shape
        hidden, cells = self.width(channels), rows * columns
        seen = (rows // self.pool_size) * (columns // self.pool_size)
        parameters = 4 * channels * hidden + (hidden if self.use_bias else 0) + 2 * channels
        return parameters, 2 * channels * hidden * (cells + seen) + 2 * cells * seen * hidden

    def get_config(self):
        return {
            **super().get_config(),
            "hidden_units": self.hidden_units,
            "reduction_ratio": self.reduction_ratio,
            "scale": self.scale,
            "pool_size": self.pool_size,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }


def flat(maps):
    """`[batch, height, width, channels] -> [batch, positions, channels]`."""
    rows, columns = spatial_size(maps, 2)
    return tf.reshape(maps, [batch_of(maps), rows * columns, maps.shape[-1]])
