"""A mixed bank: mixing kernels, all or a few at a time, and mixing features are one function, gradients included."""

import numpy as np
import pytest
import tensorflow as tf

from tests.modes import in_mode
from tests.oracles import Convolution
from tfdynconv.ops import mixture_conv, plan
from tfdynconv.ops.lowerings import chunks, taps

SHAPES = {
    "1d": {"x": (9, 4), "bank": (3, 4, 6), "padding": "causal"},
    "2d": {"x": (6, 5, 4), "bank": (3, 3, 4, 6), "padding": "same"},
    "2d_many_pixels": {"x": (9, 8, 2), "bank": (3, 2, 2, 3), "padding": "same"},  # 72: another rule under XLA
    "2d_stride": {"x": (7, 6, 4), "bank": (3, 2, 4, 6), "strides": 2, "padding": 1},
    "2d_dilated": {"x": (7, 6, 4), "bank": (3, 2, 4, 6), "dilations": 2, "padding": "same"},
    "2d_groups": {"x": (6, 5, 4), "bank": (2, 3, 2, 6), "groups": 2, "padding": "valid"},
    "2d_depthwise": {"x": (6, 5, 4), "bank": (2, 3, 1, 8), "groups": 4, "strides": 2, "padding": "same"},
    "1d_depthwise": {"x": (7, 4), "bank": (3, 1, 4), "groups": 4, "strides": 2, "padding": "same"},
    "3d": {"x": (3, 4, 3, 4), "bank": (2, 2, 1, 4, 6), "padding": "same"},
}
CHUNKED = ("2d", "2d_many_pixels", "2d_stride", "2d_dilated", "3d")


def each(value, rank):
    return (value,) * rank if isinstance(value, int) else value


def request(name):
    shapes = dict(SHAPES[name])
    return shapes.pop("x"), shapes.pop("bank"), shapes


def numbers(name, batch, n=3):
    generator = np.random.default_rng(0)
    x, bank, _ = request(name)
    return [generator.normal(size=size) for size in ((batch, *x), (n, *bank), (batch, n))]


def expected(name, x, bank, a):
    """Outputs, and the gradients of their sum of squares over two, by the definition."""
    size, kernel, window = request(name)
    rank = len(size) - 1
    strides, dilations = (each(window.get(key, 1), rank) for key in ("strides", "dilations"))
    oracle = Convolution(size[:-1], kernel[:-2], strides, dilations, window["padding"], window.get("groups", 1))
    kernels = np.tensordot(a, bank, 1)
    y = oracle.forward(x, kernels)
    grads = oracle.kernel_grad(x, y)
    by_bank = np.tensordot(a.T, grads, 1)
    by_a = grads.reshape(len(a), bank[0].size) @ bank.reshape(len(bank), -1).T
    return y, oracle.input_grad(y, kernels), by_bank, by_a


def computed(name, tensors, mode, lowering, known_batch=False):
    _, _, window = request(name)

    def step(x, bank, a):
        with tf.GradientTape() as tape:
            tape.watch([x, bank, a])
            y = mixture_conv(x, bank, a, lowering=lowering, **window)
            loss = tf.reduce_sum(y**2) / 2
        return y, *tape.gradient(loss, [x, bank, a])

    x, bank, a = map(tf.constant, tensors)
    first = len(tensors[0]) if known_batch else None
    specs = [tf.TensorSpec([first, *x.shape[1:]], x.dtype), tf.TensorSpec(bank.shape, bank.dtype)]
    specs.append(tf.TensorSpec([first, a.shape[1]], a.dtype))
    return in_mode(step, mode, specs)(x, bank, a)


def check(name, mode, lowering, batch=5, known_batch=False):
    tensors = numbers(name, batch)
    names = ("outputs", "inputs", "bank", "coefficients")
    results = computed(name, tensors, mode, lowering, known_batch)
    for what, result, right in zip(names, results, expected(name, *tensors)):
        np.testing.assert_allclose(result, right, rtol=1e-9, atol=1e-9, err_msg=what)


@pytest.mark.parametrize("lowering", ["auto", "grouped", "features"])
@pytest.mark.parametrize("name", SHAPES)
def test_by_the_definition(name, lowering, mode):
    if name == "3d" and lowering == "grouped" and mode != "jit":
        lowering = "matmul"  # grouped refuses 3-D there; test_bad_input sees it
    check(name, mode, lowering)


@pytest.fixture
def small_chunks(monkeypatch):
    """Two kernels of the tests' size a chunk, as if they were large."""
    monkeypatch.setattr(chunks, "LARGE_KERNEL_BYTES", 1)
    monkeypatch.setattr(chunks, "samples_a_chunk", lambda bank: 2)
    monkeypatch.setattr(plan, "samples_a_chunk", lambda bank: 2)
    monkeypatch.setattr(plan, "FEW_SAMPLES", 0)
    monkeypatch.setattr(plan.Case, "has_few_pixels", False)


@pytest.fixture
def small_blocks(monkeypatch):
    """One tap and two channels of the tests' kernels a block, as if they were large."""
    monkeypatch.setattr(plan, "samples_a_chunk", lambda bank: 1)
    monkeypatch.setattr(taps, "fits", lambda channels, filters, bank: channels <= 2)


@pytest.mark.parametrize("batch", [0, 1, 4, 5])
@pytest.mark.parametrize("name", CHUNKED)
def test_a_few_kernels_at_a_time(name, batch, mode, small_chunks):
    check(name, mode, "auto", batch)


def test_a_few_kernels_at_a_time_with_a_known_batch(mode, small_chunks):
    check("2d", mode, "auto", batch=5, known_batch=True)


@pytest.mark.parametrize("batch", [0, 1, 4])
@pytest.mark.parametrize("name", CHUNKED)
def test_a_tap_at_a_time(name, batch, mode, small_blocks):
    check(name, mode, "auto", batch)


def test_blocks_run_one_after_another(small_blocks):
    """Each block but the first waits for the product of the one before, in the forward pass and in both gradients."""

    def gradients(x, bank, a):
        with tf.GradientTape() as tape:
            tape.watch([x, bank, a])
            loss = tf.reduce_sum(mixture_conv(x, bank, a) ** 2)
        return tape.gradient(loss, [x, bank, a])

    tensors = list(map(tf.constant, numbers("2d", 5)))
    bank = tensors[1]
    count = len(taps.blocks(bank)) * bank.shape[1] * bank.shape[2]
    assert len(taps.blocks(bank)) > 1
    for function, passes in ((mixture_conv, 1), (gradients, 3)):
        graph = tf.function(function, autograph=False).get_concrete_function(*tensors).graph
        waiting = [op for op in graph.get_operations() if op.type == "Identity" and op.control_inputs]
        assert len(waiting) == passes * (count - 1)


def test_channels_a_block():
    assert taps.channels_a_block(tf.zeros([8, 3, 3, 256, 256])) == 256
    assert taps.channels_a_block(tf.zeros([8, 3, 3, 512, 512])) == 256
    assert taps.channels_a_block(tf.zeros([8, 3, 3, 509, 512])) == 1
    assert taps.channels_a_block(tf.zeros([8, 1, 1, 4, 1 << 20])) == 1


def test_chunks_are_in_the_graph(small_chunks):
    """What the tests above are about does run: without chunks there is no loop over them."""

    def count(lowering):
        function = tf.function(lambda x, bank, a: mixture_conv(x, bank, a, lowering=lowering), autograph=False)
        tensors = numbers("2d", 5)
        definition = function.get_concrete_function(*map(tf.constant, tensors)).graph.as_graph_def()
        nodes = [*definition.node, *(node for f in definition.library.function for node in f.node_def)]
        return sum(node.op in ("While", "StatelessWhile") for node in nodes)

    assert count("auto") > count("loop")


def test_large_kernels_alone_are_chunked():
    assert chunks.samples_a_chunk(tf.zeros([8, 3, 3, 64, 64])) == 0
    assert chunks.samples_a_chunk(tf.zeros([8, 3, 3, 256, 256])) == 7
    assert chunks.samples_a_chunk(tf.zeros([1, 3, 3, 1024, 1024])) == 1


def test_second_derivatives_of_chunks(mode, small_chunks):
    """A gradient penalty through the chunks equals that through the plain loop."""
    check_second_derivatives(mode)


def test_second_derivatives_of_taps(mode, small_blocks):
    check_second_derivatives(mode)


def check_second_derivatives(mode):
    tensors = [tf.constant(values) for values in numbers("2d_many_pixels", 5)]

    def penalty(lowering):
        def run(x, bank, a):
            with tf.GradientTape() as outer:
                outer.watch([x, bank, a])
                with tf.GradientTape() as inner:
                    inner.watch([x, bank, a])
                    loss = tf.reduce_sum(mixture_conv(x, bank, a, padding="same", lowering=lowering) ** 3)
                value = sum(tf.reduce_sum(grad**2) for grad in inner.gradient(loss, [x, bank, a]))
            return outer.gradient(value, [x, bank, a])

        return in_mode(run, mode)(*tensors)

    for chunked, plain in zip(penalty("auto"), penalty("matmul")):
        np.testing.assert_allclose(chunked, plain, rtol=1e-9)


def test_coefficients_may_be_a_list():
    y = mixture_conv(tf.ones([2, 4, 4, 1]), tf.ones([2, 1, 1, 1, 1]), [[1.0, 0.0], [0.5, 2.0]])
    np.testing.assert_allclose(y[:, 0, 0, 0], [1.0, 2.5])
