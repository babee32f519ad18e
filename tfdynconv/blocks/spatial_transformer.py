"""The spatial transformer (arXiv 1506.02025): an image looked at through an affine map that a network chooses."""

import math

import keras
import tensorflow as tf

from tfdynconv.blocks.base import Block
from tfdynconv.ops.affine_points import affine_points
from tfdynconv.ops.geometry import spatial_size, standardize_ints
from tfdynconv.ops.sampling import sample


@keras.saving.register_keras_serializable(package="tfdynconv")
class SpatialTransformer(Block):
    """Turns, scales, shears and shifts its input as a small network, trained with the rest, sees fit for each sample.

    In front of a classifier whose objects stand anywhere and in any pose.

    `theta = localization(x)`, 6 numbers, rows (x_x, x_y, x_0) and (y_x, y_y, y_0) of a map from the output's coordinates to
    the input's, both from -1 to 1; `y[p] = x(theta p)`, read bilinearly between the pixels, with zeros around the image.
    Gradients reach the input and theta. An output much smaller than what it looks at skips pixels.

    Args:
        localization: a Keras layer or model from images, channels last, to `[batch, 6]` or `[batch, 2, 3]`; start its last
            layer with a kernel of zeros and the bias (1, 0, 0, 0, 1, 0), the map that changes nothing. None for a small one
            for any image size, our choice: a 3x3 convolution with strides of 2 and ReLU; the mean of each of its maps,
            plain and weighted with the vertical and the horizontal coordinate; a dense layer that starts as above.
        output_size: height and width of the output, an int or two; None for the input's.
        align_corners: whether -1 and 1 are the centres of the outermost pixels; otherwise, as in PyTorch by default, their
            outer edges.
        localization_filters: of the convolution in the default network.
        data_format: as in `keras.layers.Conv2D`.

    Call arguments:
        inputs: `[batch, height, width, channels]`, or channels first.

    Shapes: `[batch, height, width, channels] -> [batch, *output_size, channels]`.

    Raises:
        ValueError: bad arguments, a localisation network that does not give 6 numbers, an input of the wrong rank.

    Cost, C channels, n filters in the default localisation network, on q = `height width / 4` pixels: `9 C n + n + 18 n + 6`
    parameters and `q (9 C n + 2 n) + 18 n + 4 height' width' C` multiply-adds. Of a network of your own its `cost` and the
    last term. Coordinates are float32 under mixed precision.

    Reference: Jaderberg et al., Spatial Transformer Networks, arXiv 1506.02025.

    >>> import numpy as np, tensorflow as tf, tfdynconv
    >>> block = tfdynconv.blocks.SpatialTransformer(output_size=(4, 5))
    >>> block(tf.ones([2, 8, 8, 3])).shape
    TensorShape([2, 4, 5, 3])
    >>> x = tf.random.normal([2, 8, 8, 3])
    >>> bool(np.allclose(tfdynconv.blocks.SpatialTransformer()(x), x, atol=1e-5))
    True
    """

    wants_floats = "it reads between pixels, and coordinates rounded to so few steps are whole pixels off"

    def __init__(
        self,
        localization=None,
        output_size=None,
        align_corners=False,
        localization_filters=16,
        data_format=None,
        **kwargs,
    ):
        super().__init__(data_format=data_format, **kwargs)
        if localization is not None and not isinstance(localization, keras.layers.Layer):
            raise ValueError(
                f"{self.label}: `localization` must be a Keras layer or model, or None. Received: {localization!r}."
            )
        self.output_size = None if output_size is None else standardize_ints(output_size, 2, "output_size", self.label)
        self.align_corners = bool(align_corners)
        self.localization_filters = self.check_positive("localization_filters", localization_filters)
        self.is_default = localization is None
        dtype = "float64" if self.compute_dtype == "float64" else "float32"
        self.localization = localization or Localization(localization_filters, name="localization", dtype=dtype)

    def make(self, shape):
        if not self.localization.built:
            self.grow(self.localization, shape)
        theta = tuple(self.localization.compute_output_shape(shape))
        if theta[1:] not in ((6,), (2, 3)):
            raise ValueError(
                f"{self.label}: expected a localisation network that gives [batch, 6] or [batch, 2, 3] for inputs of shape "
                f"{shape}. Received: one that gives {theta}. End it with keras.layers.Dense(6)."
            )

    def run(self, inputs, training):
        size = spatial_size(inputs, 2)
        wanted = size if self.output_size is None else self.output_size
        theta = self.localization(inputs)
        theta = theta if theta.dtype == tf.float64 else tf.cast(theta, tf.float32)
        y, x = affine_points(tf.reshape(theta, [-1, 2, 3]), size, wanted, self.align_corners)
        channels = inputs.shape[-1]
        outputs = tf.reshape(sample(inputs, y, x), [spatial_size(inputs, 1, 0)[0], *wanted, channels])
        outputs.set_shape(self.output_shape(inputs.shape))
        return outputs

    def output_shape(self, shape):
        return (shape[0], *(self.output_size or shape[1:3]), shape[3])

    def count(self, shape):
        if not hasattr(self.localization, "cost"):
            raise ValueError(
                f"{self.label}: the cost of its localisation network is not known. Received: a "
                f"{type(self.localization).__name__} without a method cost(input_shape). Give it one."
            )
        parameters, products = self.localization.cost(shape)
        return parameters, products + 4 * math.prod(self.output_shape(shape)[1:])

    def get_config(self):
        localization = None if self.is_default else keras.saving.serialize_keras_object(self.localization)
        return {
            **super().get_config(),
            "localization": localization,
            "output_size": self.output_size,
            "align_corners": self.align_corners,
            "localization_filters": self.localization_filters,
        }

    @classmethod
    def from_config(cls, config):
        localization = config.get("localization")
        if isinstance(localization, dict):
            config = {**config, "localization": keras.saving.deserialize_keras_object(localization)}
        return cls(**config)


class Localization(keras.layers.Layer):
    """Which map, from an image of any size: a convolution, where its responses are, a dense layer."""

    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        policy = self.dtype_policy
        self.conv = keras.layers.Conv2D(
            filters, 3, 2, "same", "channels_last", activation="relu", dtype=policy, name="conv"
        )
        self.dense = keras.layers.Dense(
            6,
            kernel_initializer="zeros",
            bias_initializer=keras.initializers.Constant([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]),
            dtype=policy,
            name="dense",
        )

    def build(self, input_shape):
        self.conv.build(tuple(input_shape))
        self.dense.build((None, 3 * self.conv.filters))
        super().build(input_shape)

    def call(self, inputs):
        maps = self.conv(inputs)
        moments = [tf.reduce_mean(maps, [1, 2])]
        for axis, size in enumerate(spatial_size(maps, 2), 1):
            centred = tf.cast(2 * tf.range(size) - (size - 1), maps.dtype) / tf.cast(size, maps.dtype)
            means = tf.reduce_mean(maps, 3 - axis)
            moments.append(tf.reduce_mean(means * centred[:, tf.newaxis], 1))
        return self.dense(tf.concat(moments, -1))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 6)

    def cost(self, shape):
        filters = self.conv.filters
        kernel, dense = 9 * shape[-1] * filters, 18 * filters
        pixels = math.prod(-(-n // 2) for n in shape[1:3])
        return kernel + filters + dense + 6, pixels * (kernel + 2 * filters) + dense
