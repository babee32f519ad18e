"""Graph convolution against NumPy, with the graph in the layer and in the call, dense and as edges."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.export.phone import Phone
from tests.modes import in_mode
from tfdynconv.blocks import GraphConv
from tfdynconv.export import to_tflite

NODES, CHANNELS, UNITS = 5, 4, 3
# sources above targets: not symmetric, a loop at 1, two edges from 0 to 2, nothing at 4
INDEX = np.array([[0, 1, 1, 2, 0, 0, 3], [1, 0, 1, 1, 2, 2, 0]])
WEIGHT = np.array([0.5, 2.0, 3.0, 0.25, 1.0, 0.75, 1.5])
LOOPS = ["add", "fill", None]
random = np.random.default_rng(0)
X = random.normal(size=(2, NODES, CHANNELS))


def matrix(index=INDEX, weight=WEIGHT):
    dense = np.zeros([NODES, NODES])
    np.add.at(dense, (index[1], index[0]), weight)
    return dense


def normalized(a, self_loops):
    """By the definition, node by node."""
    a = a.copy()
    for i in range(len(a)):
        if self_loops == "add" or (self_loops == "fill" and a[i, i] == 0):
            a[i, i] += 1
    degree = a.sum(1)
    scale = np.array([d**-0.5 if d > 0 else 0.0 for d in degree])
    return np.diag(scale) @ a @ np.diag(scale)


def made(channels=CHANNELS, **arguments):
    layer = GraphConv(UNITS, **{"dtype": "float64", "bias_initializer": "ones", **arguments})
    layer.build((None, NODES, channels))
    return layer


def expected(layer, x, a):
    return a @ x @ layer.kernel.numpy() + layer.bias.numpy()


def forms(dense, index, weight):
    """Every way of giving the same graph to a layer in the call."""
    twice = [np.stack([part, part]) for part in (dense, index, weight)]
    return {
        "dense": tf.constant(dense),
        "dense, per sample": tf.constant(twice[0]),
        "edges": (tf.constant(index), tf.constant(weight)),
        "edges, per sample": (tf.constant(twice[1]), tf.constant(twice[2])),
    }


FORMS = forms(matrix(), INDEX, WEIGHT)
EVERY_FORM = pytest.mark.parametrize("form", FORMS)


@EVERY_FORM
@pytest.mark.parametrize("units", [2, 6])  # either side is summed
def test_a_graph_that_is_normalised(form, units, mode):
    layer = GraphConv(units, dtype="float64", bias_initializer="ones")
    layer.build((None, NODES, CHANNELS))
    y = in_mode(layer, mode)(tf.constant(X), FORMS[form])
    np.testing.assert_allclose(y, expected(layer, X, matrix()), rtol=1e-12, atol=1e-12)


@EVERY_FORM
@pytest.mark.parametrize("self_loops", LOOPS)
def test_normalisation(form, self_loops, mode):
    """Not symmetric, with a loop that is there already, and a node that nothing reaches."""
    layer = made(normalize=True, self_loops=self_loops)
    y = in_mode(layer, mode)(tf.constant(X), FORMS[form])
    np.testing.assert_allclose(y, expected(layer, X, normalized(matrix(), self_loops)), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("self_loops", LOOPS)
def test_the_layers_own_graph_is_that_of_the_call(self_loops):
    for fixed, form in ((matrix().tolist(), "dense"), ((INDEX.tolist(), WEIGHT.tolist()), "edges")):
        own = made(normalize=True, self_loops=self_loops, adjacency=fixed)
        called = made(normalize=True, self_loops=self_loops)
        called.set_weights(own.get_weights())
        np.testing.assert_array_equal(own(X), called(X, FORMS[form]))


@EVERY_FORM
def test_an_isolated_node_gets_the_bias_alone(form):
    """Nothing reaches 4 nor 3, and 3 is a source."""
    y = made(normalize=True, self_loops=None)(X, FORMS[form]).numpy()
    np.testing.assert_array_equal(y[:, 3:], np.ones([2, 2, UNITS]))
    assert np.isfinite(y).all()


def test_each_sample_has_its_own_edges():
    """The second sample's graph is that of the first turned round, filled up with edges of no weight."""
    index = np.stack([INDEX, np.concatenate([INDEX[::-1, :5], np.zeros([2, 2], int)], 1)])
    weight = np.stack([WEIGHT, np.concatenate([WEIGHT[:5], [0.0, 0.0]])])
    for self_loops in LOOPS:
        layer = made(normalize=True, self_loops=self_loops)
        y = layer(X, (index, weight))
        for sample in range(2):
            a = normalized(matrix(index[sample], weight[sample]), self_loops)
            np.testing.assert_allclose(y[sample], expected(layer, X[sample], a), rtol=1e-12, atol=1e-12)


@EVERY_FORM
def test_gradients(form, mode):
    """Of inputs, kernel and graph, against those of the dense product."""
    layer, graph = made(normalize=True), FORMS[form]
    cotangent = random.normal(size=(2, NODES, UNITS))
    weight = graph[1] if isinstance(graph, tuple) else graph

    def run(x, weight):
        with tf.GradientTape() as tape:
            tape.watch([x, weight])
            y = layer(x, (graph[0], weight) if isinstance(graph, tuple) else weight)
            loss = tf.reduce_sum(y * cotangent)
        return tape.gradient(loss, [x, weight, layer.kernel, layer.bias])

    x, for_weight, kernel, bias = in_mode(run, mode)(tf.constant(X), weight)
    a = normalized(matrix(), "add")
    np.testing.assert_allclose(x, a.T @ cotangent @ layer.kernel.numpy().T, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(kernel, np.einsum("bnc,nm,bmu->cu", X, a.T, cotangent), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(bias, cotangent.sum((0, 1)), rtol=1e-10)
    step, moved = 1e-6, weight.numpy()
    place = (0,) * moved.ndim if isinstance(graph, tuple) else (*(0,) * (moved.ndim - 2), 1, 0)
    values = []
    for sign in (1, -1):
        nudged = moved.copy()
        nudged[place] += sign * step
        y = layer(X, (graph[0], nudged) if isinstance(graph, tuple) else nudged)
        values.append(np.sum(y * cotangent))
    np.testing.assert_allclose(for_weight.numpy()[place], (values[0] - values[1]) / (2 * step), rtol=1e-5)


def model_with(form):
    """A model whose inputs are nodes and graph, both of each sample."""
    x = keras.Input([NODES, CHANNELS], name="x")
    if form == "dense":
        graph = keras.Input([NODES, NODES], name="a")
        inputs = [x, graph]
    else:
        graph = (keras.Input([2, 7], dtype="int32", name="e"), keras.Input([7], name="w"))
        inputs = [x, *graph]
    hidden = GraphConv(6, activation="relu", normalize=True)(x, graph)
    return keras.Model(
        inputs, GraphConv(UNITS, bias_initializer="ones", self_loops="fill", normalize=True)(hidden, graph)
    )


def data(form, batch):
    x = np.random.default_rng(1).normal(size=(batch, NODES, CHANNELS)).astype("float32")
    parts = [matrix().astype("float32")] if form == "dense" else [INDEX.astype("int32"), WEIGHT.astype("float32")]
    return [x, *(np.repeat(part[None], batch, 0) for part in parts)]


@pytest.mark.parametrize("form", [pytest.param("dense", marks=pytest.mark.slow), "edges"])
def test_a_model_that_is_given_graphs(form, tmp_path):
    """It trains with a partial batch and under XLA, is saved and loaded, and runs on a phone."""
    model, inputs = model_with(form), data(form, 5)
    for jit_compile in (False, True):
        before = model.get_weights()
        model.compile("sgd", "mse", jit_compile=jit_compile)
        model.fit(inputs, np.ones([5, NODES, UNITS], "float32"), batch_size=2, verbose=0)
        assert all(np.any(old != new) for old, new in zip(before, model.get_weights()))
    model.save(tmp_path / "graph.keras")
    loaded = keras.models.load_model(tmp_path / "graph.keras")
    wanted = np.asarray(model(inputs))
    np.testing.assert_array_equal(loaded(inputs), wanted)
    to_tflite(model, tmp_path / "graph.tflite", tolerance=1e-4)
    phone = Phone(tmp_path / "graph.tflite")
    ((_, received),) = phone(**{name: part[:1] for name, part in zip(phone_names(phone, form), inputs)}).items()
    np.testing.assert_allclose(received, wanted[:1], rtol=1e-4, atol=1e-5)


def phone_names(phone, form):
    """The file's names of x, and of the matrix or of edges and weights."""
    ranks = {len(shape): name for name, (dtype, shape) in phone.inputs.items() if "int" not in dtype}
    if form == "edges":
        return [ranks[3], *(name for name, (dtype, _) in phone.inputs.items() if "int" in dtype), ranks[2]]
    return [next(n for n, (_, s) in phone.inputs.items() if s[-1] == size) for size in (CHANNELS, NODES)]


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_a_graph_is_normalised_in_float32(policy):
    """float16 ends at 65504: a sum of weights that is larger still has a root."""
    x, graph = np.ones([1, 2, CHANNELS], "float32"), tf.constant([[0.0, 6e4], [6e4, 6e4]])
    layers = [GraphConv(UNITS, normalize=True, dtype=dtype) for dtype in ("float32", policy)]
    for layer in layers:
        layer.build(x.shape)
        layer.set_weights([np.full([CHANNELS, UNITS], 0.5), np.zeros(UNITS)])
    wanted, received = [np.asarray(layer(x, graph), "float32") for layer in layers]
    np.testing.assert_allclose(received, wanted, rtol=2e-2)


def test_cost():
    assert GraphConv(UNITS, adjacency=(INDEX, WEIGHT)).cost((None, 5, 4)) == (15, 5 * 12 + 7 * 3)
    assert GraphConv(8, use_bias=False).cost((None, 5, 4)) == (32, 5 * 32 + 25 * 4)


@pytest.mark.parametrize("sample, edge", [(0, (0, NODES)), (0, (NODES, 0)), (1, (-1, 0)), (1, (0, -1))])
def test_a_node_that_does_not_exist_is_not_another_samples(sample, edge):
    """Where that sample's nodes follow, or come before."""
    index = np.array([[[0], [1]], [[0], [1]]])
    index[sample, :, 0] = edge
    with pytest.raises(tf.errors.InvalidArgumentError):
        made()(X, (tf.constant(index), tf.ones([2, 1], tf.float64)))


BAD = [
    (lambda: GraphConv(0), "`units` must be a positive int. Received: units=0"),
    (lambda: GraphConv(3, normalize=True, self_loops="all"), "`self_loops` must be 'add', 'fill' or None. Received"),
    (lambda: GraphConv(3, self_loops=None), "`self_loops` belongs to the normalisation. Received.*Set normalize=True"),
    (lambda: GraphConv(3, adjacency=[[1.0, 2.0]]), r"a fixed `adjacency` must be .* Received: shapes \[\(1, 2\)\]"),
    (lambda: GraphConv(3, adjacency=([[0], [-1]], [1.0])), "none negative"),
    (lambda: GraphConv(3, adjacency=([[0], [1]], [1.0, 2.0])), r"edges must be a pair .* weight \(2,\)"),
    (lambda: GraphConv(3, adjacency=np.eye(4))(X), "needs inputs with 4 nodes.*Received: 5 nodes"),
    (lambda: GraphConv(3, adjacency=([[0], [5]], [1.0]))(X), "needs inputs with at least 6 nodes.*Received: 5 nodes"),
    (lambda: GraphConv(3, adjacency=np.eye(4))(keras.Input([None, 4])), "a number that is known. Received: None nodes"),
    (lambda: made()(X), "expected one graph.*Received: none. Give `adjacency`"),
    (lambda: made(adjacency=np.eye(5))(X, np.eye(5)), "expected one graph.*Received: both. Leave one out"),
    (lambda: made()(X, np.eye(4)), r"expected an adjacency of shape .* 5 nodes. Received: \(4, 4\)"),
    (lambda: made()(X, (INDEX, WEIGHT, WEIGHT)), r"pair \(edge_index, weight\). Received: 3 tensors"),
    (lambda: made()(X, (INDEX.astype("float64"), WEIGHT)), "edge_index, ints of shape .* Received: edge_index float64"),
    (lambda: made()(X[0], np.eye(5)), "expected ndim=3, found ndim=2"),
    (lambda: GraphConv(3).cost((None, None, 4)), "the cost depends on the number of nodes. Received"),
]


@pytest.mark.parametrize("make, message", BAD, ids=[message[:40] for _, message in BAD])
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
