"""Hard argmax forward, softmax backward: the choice of one region per pixel that still learns (arXiv 2003.12243)."""

import tensorflow as tf

from tfdynconv.ops import place
from tfdynconv.ops.types import Tensor


def hard_assignment(logits: Tensor, beta: float = 1.0) -> Tensor:
    """One-hot of the largest logit, with the gradient of a softmax.

    `H = onehot(argmax_j z_j)` (the first of equal ones), and for a cotangent s of H the gradient is
    `beta a_j (s_j - sum_l a_l s_l)` with `a = softmax(z)`. It is exact for what it stands for: the
    derivative of `beta sum_j a_j s_j`, and it has derivatives of its own.

    Args:
        logits: `[..., m]`, of a floating dtype.
        beta: factor of the gradient.

    Returns:
        One-hot vectors of the shape and dtype of the logits.

    Raises:
        ValueError: logits that are not floats or have no last axis of known size.

    >>> import tensorflow as tf
    >>> z = tf.constant([[0.0, 2.0, 2.0]])
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(z)
    ...     h = hard_assignment(z)
    ...     loss = tf.reduce_sum(h * [[1.0, 2.0, 3.0]])
    >>> h.numpy().tolist(), [f"{g:.3f}" for g in tape.gradient(loss, z).numpy()[0]]
    ([[0.0, 1.0, 0.0]], ['-0.089', '-0.190', '0.279'])

    Reference: Chen et al., Dynamic Region-Aware Convolution, arXiv 2003.12243.
    """
    logits = tf.convert_to_tensor(logits)
    if not logits.dtype.is_floating or logits.shape.rank in (None, 0) or not logits.shape[-1]:
        raise ValueError(
            f"hard_assignment: expected floats of shape [..., m] with m known. Received: shape {logits.shape}, dtype "
            f"{logits.dtype.name}."
        )

    @tf.custom_gradient
    def assign(z):
        def grad(s):
            return softmax_gradient(z, s, beta)

        largest = tf.argmax(tf.stop_gradient(z), -1)
        if place.phone() is not None:  # TensorFlow's converter writes ONE_HOT's zero in another scale than its one
            return tf.gather(tf.eye(z.shape[-1], dtype=z.dtype), largest), grad
        return tf.one_hot(largest, z.shape[-1], dtype=z.dtype), grad

    return assign(logits)


def softmax_gradient(logits, cotangent, beta):
    """`beta a_j (s_j - sum_l a_l s_l)`."""
    a = tf.nn.softmax(logits)
    return beta * a * (cotangent - tf.reduce_sum(a * cotangent, -1, keepdims=True))
