"""Graph convolution (arXiv 1609.02907): each node takes the weighted sum over its neighbours, through one dense layer."""

import keras
import numpy as np
import tensorflow as tf

from tfdynconv import _compat
from tfdynconv.layers.arguments import passed
from tfdynconv.layers.kernel_layer import KernelLayer
from tfdynconv.ops.graph import SELF_LOOPS, DenseGraph, EdgeGraph


@keras.saving.register_keras_serializable(package="tfdynconv")
class GraphConv(KernelLayer):
    """Graph convolution after Kipf and Welling.

    For signals on nodes: joints of a skeleton, sensors, regions of an image. The graph is the same for all samples
    (`adjacency` of the layer), or comes with the call.

    `y = activation(A x W + b)`. Row i of A is what node i receives. A is used as it is, so give it normalised, or with
    `normalize=True` it becomes `D^-1/2 (A + I) D^-1/2` first, D the sums of the rows of A + I; a node without any edge, whose
    sum is not positive, gets zeros. For a graph that is not symmetric these are the weights that arrive at a node (PyTorch
    Geometric's, Spektral's).

    Args:
        units: output channels of each node.
        activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
        activity_regularizer, kernel_constraint, bias_constraint: as in `keras.layers.Dense`.
        adjacency: a fixed graph, in numbers: `[nodes, nodes]`, or a pair `(edge_index, weight)`, with `edge_index [2, edges]`
            sources above targets; None where it comes with the call.
        normalize: make `D^-1/2 (A + I) D^-1/2` of the graph.
        self_loops: I in the normalisation: `"add"` adds 1 to every node's loop, `"fill"` gives one only to nodes that have none
            (PyTorch Geometric), None adds nothing.

    Call arguments:
        inputs: `[batch, nodes, channels]`.
        adjacency: a tensor `[nodes, nodes]` or `[batch, nodes, nodes]`; or a pair `(edge_index, weight)`, `[2, edges]` and
            `[edges]`, or with the batch in front. Fill up graphs of fewer edges with edges of weight 0 at node 0.

    Shapes: `[batch, nodes, channels] -> [batch, nodes, units]`.

    Raises:
        ValueError: no graph or two of them, a graph that does not fit the nodes. Numbers of nodes that are too large and known
            only when it runs: TensorFlow's own error on a CPU.

    Cost, N nodes, C channels, E edges (`N N` dense): `C units + units` parameters, `N C units + E min(C, units)`
    multiply-adds; the smaller side is summed.

    Reference: Kipf and Welling, Graph Convolutional Networks, arXiv 1609.02907.

    >>> import tensorflow as tf, tfdynconv
    >>> line = ([[0, 1, 1, 2], [1, 0, 2, 1]], [1.0, 1.0, 1.0, 1.0])
    >>> layer = tfdynconv.blocks.GraphConv(4, adjacency=line, normalize=True)
    >>> layer(tf.ones([2, 3, 5])).shape
    TensorShape([2, 3, 4])
    >>> tfdynconv.blocks.GraphConv(4)(tf.ones([2, 3, 5]), tf.eye(3)).shape
    TensorShape([2, 3, 4])
    """

    def __init__(
        self,
        units,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        adjacency=None,
        normalize=False,
        self_loops="add",
        **kwargs,
    ):
        super().__init__(**passed(locals(), "units", "adjacency", "normalize", "self_loops"))
        self.units = self.check_positive("units", units)
        if self_loops not in SELF_LOOPS:
            raise ValueError(
                f"{self.label}: `self_loops` must be 'add', 'fill' or None. Received: self_loops={self_loops!r}."
            )
        if self_loops != "add" and not normalize:
            raise ValueError(
                f"{self.label}: `self_loops` belongs to the normalisation. Received: self_loops={self_loops!r}, "
                "normalize=False. Set normalize=True, or put the loops into the graph."
            )
        self.normalize, self.self_loops = normalize, self_loops
        self.fixed = None if adjacency is None else self.in_numbers(adjacency)
        self.input_spec = keras.layers.InputSpec(ndim=3)

    def in_numbers(self, adjacency):
        """A fixed graph as NumPy arrays, its shape checked: `(matrix,)` or `(edge_index, weight)`."""
        is_pair = isinstance(adjacency, (tuple, list)) and len(adjacency) == 2 and np.ndim(adjacency[0]) == 2
        arrays = tuple(map(np.asarray, adjacency if is_pair else [adjacency]))
        if is_pair:
            self.check_edges(*arrays)
            fits = arrays[0].ndim == 2 and arrays[0].min(initial=0) >= 0
        else:
            fits = arrays[0].ndim == 2 and arrays[0].shape[0] == arrays[0].shape[1]
        if not fits:
            raise ValueError(
                f"{self.label}: a fixed `adjacency` must be [nodes, nodes], or a pair of edge_index [2, edges], none "
                f"negative, and weight [edges]. Received: shapes {[a.shape for a in arrays]}."
            )
        return arrays

    def check_edges(self, edge_index, weight):
        shape, kind = tuple(edge_index.shape), tf.as_dtype(edge_index.dtype)
        fits = len(shape) in (2, 3) and shape[-2] == 2 and tuple(weight.shape) == (*shape[:-2], shape[-1])
        if not fits or not kind.is_integer:
            raise ValueError(
                f"{self.label}: edges must be a pair of edge_index, ints of shape [2, edges] or [batch, 2, edges], and weight, "
                f"[edges] or [batch, edges]. Received: edge_index {kind.name} {shape}, weight {tuple(weight.shape)}."
            )

    def build(self, input_shape):
        shape = first(input_shape)
        channels = self.channels(shape)
        self.check_nodes(shape[1])
        self.kernel = self.add_weight(
            name="kernel",
            shape=(channels, self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            trainable=True,
        )
        self.bias = self.add_bias() if self.use_bias else None
        super().build(input_shape)

    def add_bias(self):
        return self.add_weight(
            name="bias",
            shape=(self.units,),
            initializer=self.bias_initializer,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
            trainable=True,
        )

    def check_nodes(self, nodes):
        """Those of the inputs against a fixed graph's."""
        if self.fixed is None:
            return
        pair = len(self.fixed) == 2
        least = int(self.fixed[0].max(initial=0)) + 1 if pair else len(self.fixed[0])
        if nodes is None or nodes < least or (nodes > least and not pair):
            raise ValueError(
                f"{self.label}: the layer's own graph needs inputs with {'at least ' if pair else ''}{least} nodes, a number "
                f"that is known. Received: {nodes} nodes. Give the model's Input that many."
            )

    def call(self, inputs, adjacency=None):
        if (adjacency is None) == (self.fixed is None):
            raise ValueError(
                f"{self.label}: expected one graph, the layer's own or the call's. Received: "
                + ("both. Leave one out." if self.fixed is not None else "none. Give `adjacency` to one of them.")
            )
        self.check_nodes(inputs.shape[1])
        graph = self.graph(adjacency, inputs.shape[1], wide(inputs.dtype))
        if self.normalize:
            graph = graph.normalized(inputs.shape[1] or tf.shape(inputs)[1], self.self_loops)
        kernel = _compat.values(self.kernel)
        narrow_first = self.units <= inputs.shape[-1]
        outputs = graph.aggregate(inputs @ kernel) if narrow_first else graph.aggregate(inputs) @ kernel
        if self.use_bias:
            outputs += _compat.values(self.bias)
        return outputs if self.activation is None else self.activation(outputs)

    def graph(self, adjacency, nodes, dtype):
        if adjacency is None:
            adjacency = self.fixed if len(self.fixed) == 2 else self.fixed[0]
        if isinstance(adjacency, (tuple, list)):
            if len(adjacency) != 2:
                raise ValueError(
                    f"{self.label}: edges must be a pair (edge_index, weight). Received: {len(adjacency)} tensors."
                )
            return self.edges(*adjacency, dtype)
        adjacency = tf.cast(adjacency, dtype)
        if adjacency.shape.rank not in (2, 3) or not adjacency.shape[-2:].is_compatible_with([nodes, nodes]):
            raise ValueError(
                f"{self.label}: expected an adjacency of shape [nodes, nodes], for all samples or with the batch in front, for "
                f"inputs with {nodes} nodes. Received: {tuple(adjacency.shape)}."
            )
        return DenseGraph(adjacency)

    def edges(self, edge_index, weight, dtype):
        self.check_edges(edge_index, weight)
        index, weight = tf.cast(edge_index, tf.int32), tf.cast(weight, dtype)
        if index.shape.rank == 2:
            index, weight = index[tf.newaxis], weight[tf.newaxis]
        return EdgeGraph(index[:, 0], index[:, 1], weight)

    def compute_output_shape(self, input_shape):
        return (*first(input_shape)[:-1], self.units)

    def cost(self, input_shape):
        """(parameters, multiply-adds of a sample); a graph that comes with the call counts as dense."""
        _, nodes, channels = input_shape
        if nodes is None:
            raise ValueError(
                f"{self.label}: the cost depends on the number of nodes. Received: input shape {tuple(input_shape)}."
            )
        edges = nodes * nodes if self.fixed is None or len(self.fixed) == 1 else len(self.fixed[1])
        parameters = channels * self.units + (self.units if self.use_bias else 0)
        return parameters, nodes * channels * self.units + edges * min(channels, self.units)

    def get_config(self):
        graph = self.fixed and [array.tolist() for array in self.fixed]
        return {
            **super().get_config(),
            "units": self.units,
            "adjacency": graph[0] if graph and len(graph) == 1 else graph,
            "normalize": self.normalize,
            "self_loops": self.self_loops,
        }


def first(shape):
    """That of the inputs, where Keras hands the shapes of inputs and graph together."""
    return tuple(first(shape[0]) if isinstance(shape[0], (list, tuple)) else shape)


def wide(dtype):
    """What a graph is normalised in."""
    return tf.float64 if dtype == tf.float64 else tf.float32
