"""`layer.cost` counts what the papers' formulas count, and its parameters are the weights that the layer has."""

import math

import pytest

import tfdynconv


def condconv(h, w, k, ci, co, n, groups=1, bias=True):
    """Parameters and multiply-adds of CondConv with its own routing, output h x w."""
    kernel = k * k * ci * co // groups
    return n * kernel + n * co * bias + n * (ci + 1), h * w * kernel + n * kernel + n * ci


def dynamic(h, w, k, ci, co, n, hidden, groups=1, bias=True):
    kernel = k * k * ci * co // groups
    parameters = n * kernel + n * co * bias + ci * hidden + (hidden + 1) * n
    return parameters, h * w * kernel + n * kernel + ci * hidden + hidden * n


CASES = {
    "cond": (tfdynconv.CondConv2D(12, 3, num_experts=4), (None, 9, 7, 8), condconv(7, 5, 3, 8, 12, 4)),
    "cond_strided": (
        tfdynconv.CondConv2D(12, 3, strides=2, padding="same"),
        (None, 9, 8, 8),
        condconv(5, 4, 3, 8, 12, 8),
    ),
    "cond_groups_no_bias": (
        tfdynconv.CondConv2D(12, 5, groups=4, use_bias=False, padding=2),
        (None, 9, 8, 8),
        condconv(9, 8, 5, 8, 12, 8, groups=4, bias=False),
    ),
    "cond_dilated_channels_first": (
        tfdynconv.CondConv2D(12, 3, dilation_rate=2, data_format="channels_first"),
        (None, 8, 9, 8),
        condconv(5, 4, 3, 8, 12, 8),
    ),
    "depthwise": (
        tfdynconv.DepthwiseCondConv2D(3, depth_multiplier=2, padding="same"),
        (None, 9, 8, 8),
        (8 * 144 + 8 * 16 + 8 * 9, 72 * 144 + 8 * 144 + 8 * 8),
    ),
    "dense": (tfdynconv.CondDense(10), (None, 64), (8 * 640 + 80 + 8 * 65, 640 + 8 * 640 + 8 * 64)),
    "dense_positions": (tfdynconv.CondDense(10), (None, 5, 64), (8 * 640 + 80 + 8 * 65, 5 * 640 + 8 * 640 + 8 * 64)),
    "dynamic": (tfdynconv.DynamicConv2D(128, 3, padding="same"), (None, 7, 7, 64), dynamic(7, 7, 3, 64, 128, 4, 16)),
    "dynamic_hidden_units": (
        tfdynconv.DynamicConv2D(128, 3, hidden_units=17),
        (None, 9, 9, 64),
        dynamic(7, 7, 3, 64, 128, 4, 17),
    ),
    "dynamic_few_channels": (tfdynconv.DynamicConv2D(6, 1), (None, 4, 4, 3), dynamic(4, 4, 1, 3, 6, 4, 1)),
    "mixture_1d": (
        tfdynconv.MixtureConv1D(6, 3, padding="causal", num_kernels=2, routing="sigmoid"),
        (None, 10, 4),
        (2 * 72 + 2 * 6 + 2 * 5, 10 * 72 + 2 * 72 + 2 * 4),
    ),
    "mixture_3d_no_routing": (
        tfdynconv.MixtureConv3D(6, 2, num_kernels=2, routing=None),
        (None, 4, 5, 6, 3),
        (2 * 144 + 12, 3 * 4 * 5 * 144 + 2 * 144),
    ),
}


@pytest.mark.parametrize("layer, input_shape, wanted", CASES.values(), ids=CASES)
def test_formula(layer, input_shape, wanted):
    assert layer.cost(input_shape) == wanted
    layer.build(input_shape)
    assert sum(math.prod(w.shape) for w in layer.trainable_weights) == wanted[0]


def test_published_counts():
    """Counts of the PyTorch modules: timm's CondConv2d, and the popular Dynamic_conv2d."""
    assert tfdynconv.CondConv2D(12, 3, num_experts=4, routing=None).cost((None, 8, 8, 8))[0] == 3504
    assert tfdynconv.DynamicConv2D(128, 3, hidden_units=17).cost((None, 8, 8, 64))[0] == 296584


@pytest.mark.parametrize(
    "layer, input_shape", [(tfdynconv.CondConv2D(4, 3), (None, None, 8, 3)), (tfdynconv.CondDense(4), (None, None, 3))]
)
def test_unknown_sizes_have_no_cost(layer, input_shape):
    with pytest.raises(ValueError, match="the cost depends on .*Received: input shape .*Give every"):
        layer.cost(input_shape)


def test_a_callable_routing_has_no_known_cost():
    layer = tfdynconv.MixtureConv2D(4, 3, routing=lambda x: x[:, 0, 0, :4])
    with pytest.raises(ValueError, match="CallableRouting: its cost is not known.*defines cost"):
        layer.cost((None, 8, 8, 4))
