"""Graphs, dense or as lists of edges: sums over the neighbours of each node, and the symmetric normalisation.

Row i of an adjacency is what node i receives; edge (s, t) with weight w is `adjacency[t, s] = w`, and equal edges add up.
Edges go through a gather and a segment sum, which XLA and LiteRT have; sparse tensors they have not.
"""

import dataclasses
import typing

import tensorflow as tf

SELF_LOOPS = ("add", "fill", None)


@dataclasses.dataclass(frozen=True, eq=False)
class DenseGraph:
    """`adjacency [nodes, nodes]`, for all samples or `[batch, nodes, nodes]`."""

    adjacency: tf.Tensor

    def aggregate(self, x):
        """For each node of `[batch, nodes, channels]` the weighted sum over those it receives from."""
        adjacency = tf.cast(self.adjacency, x.dtype)
        return tf.matmul(adjacency if adjacency.shape.rank == 3 else adjacency[tf.newaxis], x)

    def normalized(self, nodes, self_loops):
        adjacency = self.adjacency
        if self_loops is not None:
            identity = tf.eye(nodes, dtype=adjacency.dtype)  # products with it, for LiteRT reads no diagonals
            loops = loops_for(tf.reduce_sum(adjacency * identity, -1), self_loops)
            adjacency += loops[..., tf.newaxis] * identity
        scale = inverse_root(tf.reduce_sum(adjacency, -1))
        return DenseGraph(scale[..., :, tf.newaxis] * adjacency * scale[..., tf.newaxis, :])


@dataclasses.dataclass(frozen=True, eq=False)
class EdgeGraph:
    """`source` and `target`, `[1 or batch, edges]` numbers of nodes, `weight` like them; `diagonal [1 or batch, nodes]`, more
    weight of each node for itself, or None."""

    source: tf.Tensor
    target: tf.Tensor
    weight: tf.Tensor
    diagonal: typing.Optional[tf.Tensor] = None

    def aggregate(self, x):
        weight = tf.cast(self.weight, x.dtype)[..., tf.newaxis]
        sums = collect(pick(x, self.source) * weight, self.target, x.shape[1] or tf.shape(x)[1])
        if self.diagonal is None:
            return sums
        return sums + tf.cast(self.diagonal, x.dtype)[..., tf.newaxis] * x

    def normalized(self, nodes, self_loops):
        def at_targets(values):
            return tf.squeeze(collect(values[..., tf.newaxis], self.target, nodes), -1)

        degree, loops = at_targets(self.weight), None
        if self_loops is not None:
            own = at_targets(tf.where(self.source == self.target, self.weight, 0))
            loops = loops_for(own, self_loops)
            degree += loops
        scale = inverse_root(degree)
        ends = [tf.squeeze(pick(scale[..., tf.newaxis], end), -1) for end in (self.target, self.source)]
        return EdgeGraph(
            self.source, self.target, ends[0] * self.weight * ends[1], loops if loops is None else loops * scale**2
        )


def loops_for(own, self_loops):
    """What each node's loop is to get more: 1, or ("fill") only if it has none."""
    return tf.ones_like(own) if self_loops == "add" else tf.cast(own == 0, own.dtype)


def inverse_root(degree):
    """`degree ** -0.5`, and 0 for a node without any."""
    some = degree > 0
    return tf.where(some, tf.math.rsqrt(tf.where(some, degree, 1)), 0)


def pick(x, index):
    """`x [batch, nodes, channels]` at `index [1 or batch, edges]`."""
    batch, nodes, channels = sizes(x)
    return tf.gather(tf.reshape(x, [batch * nodes, channels]), in_one_list(index, batch, nodes))


def collect(values, index, nodes):
    """`values [batch, edges, channels]` added up where `index [1 or batch, edges]` says: `[batch, nodes, channels]`."""
    batch, edges, channels = sizes(values)
    flat = tf.reshape(in_one_list(index, batch, nodes), [-1])
    sums = tf.math.unsorted_segment_sum(tf.reshape(values, [batch * edges, channels]), flat, batch * nodes)
    return tf.reshape(sums, [batch, nodes, channels])


def in_one_list(index, batch, nodes):
    """Numbers of nodes in the list of all samples' nodes. One that no sample has stays out of it, and does not become the
    next sample's: TensorFlow on a CPU raises an error for it."""
    everywhere = index + nodes * tf.range(batch)[:, tf.newaxis]
    return tf.where((index >= 0) & (index < nodes), everywhere, batch * nodes)


def sizes(tensor):
    static = tensor.shape
    dynamic: typing.Any = None if static.is_fully_defined() else tf.shape(tensor)
    return [n if n is not None else dynamic[i] for i, n in enumerate(static)]
