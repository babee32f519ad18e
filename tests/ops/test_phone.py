"""The plan for phones: which form where, and that the forms compute the same."""

import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from tfdynconv.ops import place
from tfdynconv.ops.phone import Phone


def on_phone(phone, function, *arguments):
    """The result, and the graph that a phone would get."""
    with place.exporting("tflite", phone):
        concrete = tf.function(function).get_concrete_function(*map(tf.constant, arguments))
    return concrete(*map(tf.constant, arguments)).numpy(), concrete.graph


@pytest.mark.parametrize(
    "phone, kind, pixels, form",
    [
        ({}, "conv", 100, "matmul"),
        ({}, "pointwise", 100, "matmul"),
        ({"stores_8_bits": True}, "conv", 10_000, "constant"),
        ({"stores_8_bits": True}, "pointwise", 400, "constant"),
        ({"stores_8_bits": True}, "pointwise", 401, "matmul"),
        ({"stores_8_bits": True}, "taps", 100, "matmul"),
        ({"stores_8_bits": True}, "depthwise", 100, "matmul"),
        ({"stores_8_bits": True, "is_integer": True}, "depthwise", 100, "constant"),
        ({"target": "npu"}, "pointwise", 10_000, "constant"),
        ({}, "volume", 100, "matmul"),
        ({"target": "npu"}, "volume", 100, "constant"),
        ({"target": "npu", "stores_8_bits": True, "is_integer": True}, "volume", 100, "matmul"),
    ],
)
def test_form(phone, kind, pixels, form):
    phone = Phone(**phone)
    assert phone.choose(kind, pixels=pixels) == form
    assert [choice.form for choice in phone.choices] == [form] and phone.choices[0].reason


@pytest.mark.parametrize(
    "refused", [{"form": "constant"}, {"form": "matmul"}, {"target": "gpu"}, {"stores_8_bits": True}]
)
def test_gates_multiply_a_small_kernel_where_the_plan_is_free(refused):
    free = Phone()
    assert free.gates_kernel(10, 41) and [choice.form for choice in free.choices] == ["matmul"]
    assert not Phone().gates_kernel(10, 40)
    assert not Phone(**refused).gates_kernel(10, 41)


@pytest.mark.parametrize("channels, filters", [(2, 5), (5, 2)])
def test_pointwise_mixtures_with_stored_filters(channels, filters):
    random = np.random.default_rng(0)
    x = random.normal(size=(3, 4, 6, channels)).astype("float32")
    bank = random.normal(size=(3, 1, 1, channels, filters)).astype("float32")
    a = random.normal(size=(3, 3)).astype("float32")
    y, graph = on_phone(Phone("constant"), lambda x, a: tfdynconv.ops.mixture_conv(x, bank, a), x, a)
    np.testing.assert_allclose(y, np.einsum("bhwc,bn,ncf->bhwf", x, a, bank[:, 0, 0]), rtol=1e-5, atol=1e-5)
    assert sum(op.type == "Conv2D" for op in graph.get_operations()) == 1


@pytest.mark.parametrize("size, strides", [(1, 1), (3, 1)])
def test_products_do_not_reshape_maps(size, strides):
    x = np.random.default_rng(0).normal(size=(1, 12, 12, 4)).astype("float32")
    k = np.random.default_rng(1).normal(size=(1, size, size, 4, 4)).astype("float32")

    def conv(x, k):
        return tfdynconv.ops.per_sample_conv(x, k, strides=strides, padding="same")

    y, graph = on_phone(Phone(), conv, x, k)
    np.testing.assert_allclose(y, conv(x, k), rtol=1e-4, atol=1e-5)
    reshaped = [op for op in graph.get_operations() if op.type == "Reshape"]
    assert reshaped and all(op.outputs[0].shape.num_elements() < x.size for op in reshaped)
