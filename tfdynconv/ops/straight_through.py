"""Straight-through estimators: hard in the forward pass, differentiable in the backward pass."""

import math
import numbers

import tensorflow as tf

from tfdynconv.ops.types import Tensor


def binarize(proxy: Tensor, threshold: float = 0.5) -> Tensor:
    """A binary mask from real proxies, with the gradient of the identity.

    Forward `M = 1[H > t]`, backward `dL/dH := dL/dM`: the true derivative is zero wherever it exists, and no mask would ever
    change. The backward pass is linear in what comes back, so that gradients of every order exist. Keep `H` itself near the
    threshold (in [0, 1] for 0.5) by a constraint: far from it a proxy hardly ever changes sides again.

    Args:
        proxy: a floating tensor of any shape.
        threshold: a number; a proxy equal to it gives 0.

    Returns:
        Zeros and ones of the proxy's shape and dtype.

    Raises:
        ValueError: a proxy that is not floating, or a threshold that is not a finite number.

    Reference: Bengio, Leonard and Courville, arXiv 1308.3432; masks of Versatile Filters, arXiv 2109.09310.

    >>> import tensorflow as tf
    >>> proxy = tf.constant([0.2, 0.5, 0.9])
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(proxy)
    ...     mask = binarize(proxy)
    ...     loss = tf.reduce_sum(mask * [1.0, 2.0, 3.0])
    >>> mask.numpy().tolist(), tape.gradient(loss, proxy).numpy().tolist()
    ([0.0, 0.0, 1.0], [1.0, 2.0, 3.0])
    """
    proxy = tf.convert_to_tensor(proxy)
    if not proxy.dtype.is_floating:
        raise ValueError(
            f"binarize: the proxy must be floating, for it has a gradient. Received: dtype {proxy.dtype.name}. "
            "Cast it with tf.cast."
        )
    number = isinstance(threshold, numbers.Real) and not isinstance(threshold, bool)
    if not number or not math.isfinite(threshold):
        raise ValueError(f"binarize: `threshold` must be a finite number. Received: threshold={threshold!r}.")

    @tf.custom_gradient
    def straight_through(values):
        return tf.cast(values > tf.cast(threshold, values.dtype), values.dtype), tf.identity

    return straight_through(proxy)
