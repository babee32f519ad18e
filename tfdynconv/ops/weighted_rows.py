"""Weighted sums of a few rows of a table: what sampling between pixels comes down to.

Linear in the table and in the weights, so with a cotangent g it makes one trilinear form,
`sum over n and k of w[n, k] <table[index[n, k]], g[n]>`, and its three derivatives are `rows`, `spread` and `products`: the
gradient of each is made of the other two, to any order.

On a CPU the weights are a sparse matrix, and TensorFlow's product with one reads the table and adds up in one pass,
on all cores, in both directions: gathering the rows, weighting and adding them are passes over four times the result,
and the way back is a scatter on one core. Elsewhere it is gathers and a segment sum, which XLA and phones have.
"""

import tensorflow as tf

from tfdynconv.ops import place as places
from tfdynconv.ops.trilinear import hidden, shaped


def weighted_rows(table, index, weights):
    """`y[n] = sum_k weights[n, k] table[index[n, k]]`.

    Args:
        table: `[rows, channels]`, float32 or float64.
        index: `[n, k]`, int32; in each row ascending, none twice.
        weights: `[n, k]`, of the table's dtype.

    >>> import tensorflow as tf
    >>> table = tf.constant([[1.0], [10.0], [100.0]])
    >>> weighted_rows(table, tf.constant([[0, 2]]), tf.constant([[2.0, 3.0]])).numpy().tolist()
    [[302.0]]
    """
    if places.phone() is not None:
        return Gathered.rows(table, index, weights)  # nobody asks for gradients there
    shapes = {"table": table.shape, "weights": weights.shape, "rows": [weights.shape[0], table.shape[1]]}

    @tf.custom_gradient
    def rows(table, index, weights):
        def grad(g):
            g = shaped(g, shapes["rows"])
            return spread(index, weights, g, tf.shape(table)[0]), None, products(table, index, g)

        return shaped(run("rows", hidden(table), index, hidden(weights)), shapes["rows"]), grad

    def spread(index, weights, g, size):
        """The table's gradient: each row of g added to `size` rows, weighted."""

        @tf.custom_gradient
        def of_size(index, weights, g):
            def grad(table):
                table = shaped(table, shapes["table"])
                return None, products(table, index, g), rows(table, index, weights)

            return shaped(run("spread", index, hidden(weights), hidden(g), size), shapes["table"]), grad

        return of_size(index, weights, g)

    @tf.custom_gradient
    def products(table, index, g):
        """The weights' gradient: the row of g times each row of the table that it came from."""

        def grad(weights):
            weights = shaped(weights, shapes["weights"])
            return spread(index, weights, g, tf.shape(table)[0]), None, rows(table, index, weights)

        return shaped(run("products", hidden(table), index, hidden(g)), shapes["weights"]), grad

    return rows(table, index, weights)


def run(name, *tensors):
    """One of the three, as the place wants it."""
    place = places.current(tensors[0])
    if place == "cpu":
        return getattr(Sparse, name)(*tensors)
    if place is None:
        return places.by_device(*(lambda form=form: getattr(form, name)(*tensors) for form in (Sparse, Gathered)))
    return getattr(Gathered, name)(*tensors)


class Gathered:
    """Of ops that run everywhere."""

    @staticmethod
    def rows(table, index, weights):
        return tf.reduce_sum(tf.gather(table, index) * weights[..., tf.newaxis], 1)

    @staticmethod
    def spread(index, weights, g, size):
        return tf.math.unsorted_segment_sum(weights[..., tf.newaxis] * g[:, tf.newaxis], index, size)

    @staticmethod
    def products(table, index, g):
        return tf.reduce_sum(tf.gather(table, index) * g[:, tf.newaxis], -1)


class Sparse:
    """As products with a sparse matrix `[n, rows of the table]`, which TensorFlow has on a CPU outside of XLA."""

    @staticmethod
    def rows(table, index, weights):
        matrix = Sparse.matrix(index, weights, tf.shape(table)[0])
        return tf.raw_ops.SparseMatrixMatMul(a=matrix, b=table)

    @staticmethod
    def spread(index, weights, g, size):
        return tf.raw_ops.SparseMatrixMatMul(a=Sparse.matrix(index, weights, size), b=g, transpose_a=True)

    @staticmethod
    def products(table, index, g):
        return tf.squeeze(tf.matmul(tf.gather(table, index), g[..., tf.newaxis]), -1)

    @staticmethod
    def matrix(index, weights, size):
        shape = tf.shape(index)
        n = tf.repeat(tf.range(shape[0]), shape[1])
        places_of = tf.stack([n, tf.reshape(index, [-1])], 1)
        return tf.raw_ops.SparseTensorToCSRSparseMatrix(
            indices=tf.cast(places_of, tf.int64),
            values=tf.reshape(weights, [-1]),
            dense_shape=tf.cast(tf.stack([shape[0], size]), tf.int64),
        )
