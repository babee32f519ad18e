"""Attention over branches: one weight for each branch and channel, and the sum that they weigh."""

import tensorflow as tf


def branch_softmax(logits, branches, groups=1):
    """Softmax over branches: a list of `[batch, channels]`, one for each branch, which sum to 1.

    With several groups the logits of a group stand together (ResNeSt's "rSoftMax"): first those of the group's channels for
    the first branch, then for the second, and only then comes the next group. What comes out has all channels of a branch
    together. To leave this out is right for one group alone, and no shape tells.

    Two branches are a sigmoid of the difference, which is the same and needs no softmax over an inner axis.

    Args:
        logits: `[batch, groups * branches * channels / groups]`.

    >>> import tensorflow as tf
    >>> first, second = branch_softmax(tf.constant([[0.0, 9.0, 0.0, -9.0]]), branches=2)
    >>> first.numpy().round(2).tolist(), second.numpy().round(2).tolist()
    ([[0.5, 1.0]], [[0.5, 0.0]])
    >>> first, second = branch_softmax(tf.constant([[0.0, 9.0, 0.0, -9.0]]), branches=2, groups=2)
    >>> first.numpy().round(2).tolist(), second.numpy().round(2).tolist()
    ([[0.0, 1.0]], [[1.0, 0.0]])
    """
    width = logits.shape[-1] // branches // groups
    apart = tf.reshape(logits, [-1, groups, branches, width])
    if branches == 2:
        difference = apart[:, :, 0] - apart[:, :, 1]
        weights = [tf.sigmoid(difference), tf.sigmoid(-difference)]
    else:
        weights = tf.unstack(tf.nn.softmax(apart, 2), axis=2)
    return [tf.reshape(w, [-1, groups * width]) for w in weights]


def weighted_sum(branches, weights):
    """`sum_i weights[i] * branches[i]` of maps `[batch, height, width, channels]` and `[batch, channels]`.

    >>> import tensorflow as tf
    >>> one, three = tf.ones([1, 1, 1, 1]), 3 * tf.ones([1, 1, 1, 1])
    >>> weighted_sum([one, three], [tf.ones([1, 1]), 2 * tf.ones([1, 1])]).numpy().item()
    7.0
    """
    gates = [tf.reshape(tf.cast(w, u.dtype), [-1, 1, 1, w.shape[-1]]) for u, w in zip(branches, weights)]
    return tf.add_n([u * gate for u, gate in zip(branches, gates)])
