"""Secondary filters by binary masks that are learned with the filters."""

import math

import keras
import tensorflow as tf

from tfdynconv import _compat
from tfdynconv.ops import binarize
from tfdynconv.ops.static_conv import static_conv


class UnitInterval(keras.constraints.Constraint):
    """Clip to [0, 1] after each step: a proxy that drifts away would never cross the threshold again."""

    def __call__(self, proxy):
        return tf.clip_by_value(tf.convert_to_tensor(proxy), 0.0, 1.0)


class OfMasks:
    """Apply a regularizer to the binary masks instead of their proxies.

    It receives `P [sets, entries of a kernel, masks]`, each mask a column; one set where all filters share the masks.
    """

    def __init__(self, regularizer, num_masks):
        self.regularizer, self.num_masks = regularizer, num_masks

    def __call__(self, proxy):
        entries = math.prod(proxy.shape[:-1])
        apart = tf.reshape(binarize(proxy), [entries, self.num_masks, -1])
        return self.regularizer(tf.transpose(apart, [2, 0, 1]))


class LearnedMasks(keras.layers.Layer):
    """`M_j = 1[H_j > 1/2]` for proxies H, drawn evenly from [0, 1] at first; masks outermost in the last axis of H.

    A layer of its own, for its dtype: in float16 a proxy near the threshold would be rounded to its other side.
    """

    def __init__(self, num_masks, shared, regularizer, **kwargs):
        super().__init__(**kwargs)
        self.num_masks, self.shared, self.regularizer = num_masks, shared, regularizer

    def bind(self, kernel_shape):
        self.build(tuple(kernel_shape))

    def build(self, kernel_shape):
        sets = 1 if self.shared else kernel_shape[-1]
        self.proxy = self.add_weight(
            name="proxy",
            shape=(*kernel_shape[:-1], self.num_masks * sets),
            initializer=keras.initializers.RandomUniform(0.0, 1.0),
            regularizer=self.regularizer and OfMasks(self.regularizer, self.num_masks),
            constraint=UnitInterval(),
            trainable=True,
        )
        super().build(kernel_shape)

    def least(self):
        return self.num_masks

    def count(self, channels):
        return self.num_masks

    def call(self, kernel):
        masks = tf.split(binarize(_compat.values(self.proxy)), self.num_masks, -1)
        return [kernel * mask for mask in masks]

    def kernels(self, kernel):
        """The secondary filters, one tensor of the primary ones' shape for each mask."""
        return [tf.cast(masked, kernel.dtype) for masked in self(kernel)]

    def conv(self, inputs, kernel, geometry, groups):
        kernels = self.kernels(kernel)
        if groups == 1:
            return static_conv(inputs, tf.concat(kernels, -1), geometry)
        return tf.concat([static_conv(inputs, masked, geometry, groups) for masked in kernels], -1)

    def multiplied(self, kernel_shape):
        """Weights that are multiplied at each output cell: zeros lie anywhere, and cost as much as other numbers."""
        return self.num_masks * math.prod(kernel_shape)

    def get_config(self):
        regularizer = keras.regularizers.serialize(self.regularizer)
        own = {"num_masks": self.num_masks, "shared": self.shared, "regularizer": regularizer}
        return {**super().get_config(), **own}
