"""A loss that keeps learned masks apart."""

import math
import numbers

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="tfdynconv")
class MaskOrthogonality(keras.regularizers.Regularizer):
    """Ask learned binary masks to cover the kernel without covering the same weights twice.

    For `VersatileConv2D(direction="learned", mask_regularizer=MaskOrthogonality(weight))`.

    `L = weight sum over sets of 1/2 ||a P^T P - I||^2` in the Frobenius norm, with the masks of a set as the columns of `P`
    and `a` = 1 / entries of a mask. The diagonal of `a P^T P` is how dense each mask is, the rest how much two masks
    overlap: with more masks than one it cannot reach 0. The gradient, `2 a^2 P P^T P - 2 a P`, passes straight through to
    the proxies of the masks.

    Args:
        weight: how much it counts beside the loss; the publication gives no number.

    Raises:
        ValueError: a weight that is not a finite number of at least 0.

    Cost: for each set of s masks with e entries, `s^2 e` multiply-adds in a training step; nothing at inference.

    Reference: Wang et al., Learning Versatile Convolution Filters, arXiv 2109.09310.

    >>> import tensorflow as tf
    >>> halves = tf.constant([[1.0, 0.0], [0.0, 1.0]])
    >>> float(MaskOrthogonality(1.0)(halves)), float(MaskOrthogonality(2.0)(tf.ones([3, 1])))
    (0.25, 0.0)
    """

    def __init__(self, weight):
        number = isinstance(weight, numbers.Real) and not isinstance(weight, bool)
        if not number or not math.isfinite(weight) or weight < 0:
            raise ValueError(
                f"MaskOrthogonality: `weight` must be a finite number of at least 0. Received: weight={weight!r}."
            )
        self.weight = float(weight)

    def __call__(self, masks):
        """`masks [..., entries, masks of a set]`; leading axes count sets, whose losses are added."""
        gram = tf.matmul(masks, masks, transpose_a=True) / masks.shape[-2]
        return 0.5 * self.weight * tf.reduce_sum(tf.square(gram - tf.eye(masks.shape[-1], dtype=masks.dtype)))

    def get_config(self):
        return {"weight": self.weight}
