"""Traces are shared: a second layer of the same shapes adds a call to the graph, and no trace."""

import gc
import threading
import weakref

import numpy as np
import tensorflow as tf

from tfdynconv.ops import mixture_conv, per_sample_conv, shared_trace

LAYERS = 3
CALL = "PartitionedCall"
X, KERNELS = [None, 7, 5, 3], [None, 3, 3, 3, 3]


def network(x, kernels):
    for _ in range(LAYERS):
        x = per_sample_conv(x, kernels, padding="same")
    return x


def step(x, kernels):
    with tf.GradientTape() as tape:
        tape.watch([x, kernels])
        loss = tf.reduce_sum(network(x, kernels) ** 2)
    return tape.gradient(loss, [x, kernels])


def example(size=(7, 5)):
    return tf.random.stateless_normal([2, *size, 3], (1, 2)), tf.random.stateless_normal([2, 3, 3, 3, 3], (3, 4))


def trace(function, *shapes):
    return tf.function(function, autograph=False).get_concrete_function(*map(tf.TensorSpec, shapes))


def counted(function, *shapes):
    """The concrete function; traces made for it, and calls of traces that were there."""
    before = shared_trace.traced.cache_info()
    concrete = trace(function, *shapes)
    after = shared_trace.traced.cache_info()
    return concrete, after.misses - before.misses, after.hits - before.hits


def assert_close(found, wanted):
    for one, other in zip(tf.nest.flatten(found), tf.nest.flatten(wanted)):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * np.abs(other).max())


def test_one_trace_for_equal_layers():
    shared_trace.traced.cache_clear()
    forward, misses, hits = counted(network, X, KERNELS)
    assert (misses, hits) == (1, LAYERS - 1)
    training, misses, hits = counted(step, X, KERNELS)
    assert (misses, hits) == (2, 3 * LAYERS - 2)  # the two gradients are new
    assert_close(forward(*example()), network(*example()))
    assert_close(training(*example()), step(*example()))


def test_another_trace_for_another_shape():
    shared_trace.traced.cache_clear()
    assert counted(network, X, KERNELS)[1] == 1
    assert counted(network, [None, 9, 5, 3], KERNELS)[1] == 1
    assert counted(network, [4, 7, 5, 3], [4, *KERNELS[1:]])[1] == 1
    assert counted(network, X, KERNELS)[1] == 0


def test_equal_chunks_share():
    """Large kernels are mixed a few at a time, by a lowering that is made for each call."""
    shared_trace.traced.cache_clear()

    def twice(x, bank, coefficients):
        for _ in range(2):
            x = mixture_conv(x, bank, coefficients, padding="same")
        return x

    assert counted(twice, [None, 9, 9, 192], [2, 3, 3, 192, 192], [None, 2])[1:] == (1, 1)


def test_no_choice_where_all_places_compute_alike():
    concrete = trace(per_sample_conv, X, [None, 1, 1, 3, 4])
    assert not {CALL, "DeviceIndex"} & {op.type for op in concrete.graph.get_operations()}


def test_an_unknown_size():
    """The input's gradient must be told it; a trace made for one size would give it to all others."""
    function = trace(step, [None, None, None, 3], KERNELS)
    for size in ((7, 5), (6, 8)):
        assert_close(function(*example(size)), step(*example(size)))


def test_a_device_has_its_own():
    def on(device):
        def placed(x, kernels):
            with tf.device(device):
                return network(x, kernels)

        return placed

    shared_trace.traced.cache_clear()
    assert counted(network, X, KERNELS)[1] == 1
    concrete, misses, _ = counted(on("/CPU:0"), X, KERNELS)
    assert misses == 1
    (name,) = {op.node_def.attr["f"].func.name for op in concrete.graph.get_operations() if op.type == CALL}
    called = next(f for f in concrete.graph.as_graph_def().library.function if f.signature.name == name)
    assert {node.device for node in called.node_def if node.op == "StatelessCase"} == {"/device:CPU:0"}


def test_what_nobody_reads_does_not_run():
    """A stateful call would run for the input's gradient even where it is not asked for, and each would wait for the last."""
    operations = trace(step, X, KERNELS).graph.get_operations()
    calls = [op for op in operations if op.type == CALL]
    assert len(calls) == 3 * LAYERS
    assert not any(op.control_inputs for op in calls)
    assert not any(op.type == "StatefulPartitionedCall" for op in operations)


def test_a_trace_keeps_no_graph_alive():
    shared_trace.traced.cache_clear()
    concrete = trace(lambda x: shared_trace.call(tf.square, x), [3])
    graph = weakref.ref(concrete.graph)
    assert shared_trace.traced.cache_info().currsize == 1
    del concrete
    gc.collect()
    assert graph() is None


def test_a_graph_of_tensorflow_1():
    shared_trace.traced.cache_clear()
    numbers = [tensor.numpy() for tensor in example()]
    for _ in range(2):  # what belongs to the first graph is none of the second's
        with tf.Graph().as_default():
            x, kernels = (tf.compat.v1.placeholder("float32", shape) for shape in (X, KERNELS))
            y = network(x, kernels)
            with tf.compat.v1.Session() as session:
                values = session.run(y, dict(zip((x, kernels), numbers)))
        assert_close(values, network(*numbers))
    assert shared_trace.traced.cache_info().currsize == 0


def test_threads():
    shared_trace.traced.cache_clear()
    results, barrier = [], threading.Barrier(4)

    def run():
        barrier.wait()
        results.append(trace(step, X, KERNELS)(*example()))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4 and shared_trace.traced.cache_info().currsize == 3
    for result in results:
        assert_close(result, step(*example()))


def test_tensors_anywhere():
    @tf.function(autograph=False)
    def run(a, b):
        return shared_trace.call(lambda pair, factor: {"product": pair[0] * factor, "rest": [pair[1]]}, (a, b), 4)

    found = run(tf.constant(2.0), tf.constant(3.0))
    assert float(found["product"]) == 8.0 and float(found["rest"][0]) == 3.0
