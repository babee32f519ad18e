"""Bad arguments and inputs: each a `ValueError` that names the layer, what was expected, what came, and the mend."""

import pytest
import tensorflow as tf

import tfdynconv
from tfdynconv import CondConv2D, CondDense, DepthwiseCondConv2D, DynamicConv2D, MixtureConv1D, MixtureConv2D

POSITIVE = "must be a positive int. Received: "
CONV_ARGUMENTS = [
    ({"filters": 0}, f"`filters` {POSITIVE}filters=0"),
    ({"filters": -3}, f"`filters` {POSITIVE}filters=-3"),
    ({"filters": 2.0}, f"`filters` {POSITIVE}filters=2.0"),
    ({"filters": True}, f"`filters` {POSITIVE}filters=True"),
    ({"kernel_size": 0}, "`kernel_size` must be a positive int or 2 of them. Received: kernel_size=0"),
    ({"kernel_size": (3, 3, 3)}, r"`kernel_size` .* Received: kernel_size=\(3, 3, 3\)"),
    ({"kernel_size": "3"}, "`kernel_size` .* Received: kernel_size='3'"),
    ({"strides": -1}, "`strides` .* Received: strides=-1. Pass one int"),
    ({"strides": None}, "`strides` .* Received: strides=None"),
    ({"dilation_rate": 0}, "`dilation_rate` .* Received: dilation_rate=0"),
    ({"strides": 2, "dilation_rate": 2}, "cannot both be above 1. .* Set one of them to 1"),
    ({"groups": 0}, f"`groups` {POSITIVE}groups=0"),
    ({"groups": 4}, "`filters` must be divisible by `groups`. Received: filters=6, groups=4"),
    ({"padding": "full"}, "unknown `padding`. Expected 'valid', .* Received: padding='full'"),
    ({"padding": "causal"}, "'causal' is defined for 1-D .* Received a 2-D .* Pass explicit"),
    ({"padding": -1}, "explicit `padding` .* Received: padding=-1"),
    ({"padding": (1, 2, 3)}, r"explicit `padding` .* Received: padding=\(1, 2, 3\)"),
    ({"data_format": "NHWC"}, "`data_format` must be 'channels_last' .* Received: data_format='NHWC'"),
    ({"lowering": "winograd"}, "unknown lowering. Expected one of auto, .* Received: lowering='winograd'"),
    ({"routing": "gumbel"}, "expected None, one of 'sigmoid', 'softmax', .* Received: routing='gumbel'"),
    ({"routing": 3}, "Received: routing=3"),
]


@pytest.mark.parametrize("layer", [CondConv2D, DynamicConv2D, MixtureConv2D], ids=lambda c: c.__name__)
@pytest.mark.parametrize("arguments, message", CONV_ARGUMENTS, ids=lambda v: str(v) if isinstance(v, dict) else "")
def test_arguments_of_a_convolution(layer, arguments, message):
    with pytest.raises(ValueError, match=message) as error:
        layer(**{"filters": 6, "kernel_size": 3, **arguments})
    if "routing" not in arguments:
        assert str(error.value).startswith(f"{layer.__name__} '")


ARGUMENTS = [
    (lambda n: CondConv2D(4, 3, num_experts=n), "CondConv2D '.*': `num_experts`"),
    (lambda n: DepthwiseCondConv2D(3, num_experts=n), "DepthwiseCondConv2D '.*': `num_experts`"),
    (lambda n: CondDense(4, num_experts=n), "CondDense '.*': `num_experts`"),
    (lambda n: DynamicConv2D(4, 3, num_kernels=n), "DynamicConv2D '.*': `num_kernels`"),
    (lambda n: MixtureConv1D(4, 3, num_kernels=n), "MixtureConv1D '.*': `num_kernels`"),
    (lambda n: CondDense(n), "CondDense '.*': `units`"),
    (lambda n: DepthwiseCondConv2D(3, depth_multiplier=n), "DepthwiseCondConv2D '.*': `depth_multiplier`"),
]


@pytest.mark.parametrize("make, message", ARGUMENTS, ids=[row[1].replace(" '.*'", "") for row in ARGUMENTS])
@pytest.mark.parametrize("value", [0, -1, 1.5, None, "2", True], ids=str)
def test_counts(make, message, value):
    with pytest.raises(ValueError, match=f"{message} {POSITIVE}"):
        make(value)


ATTENTION = [
    ({"temperature": 0}, "`temperature` must be a positive number. Received: temperature=0"),
    ({"temperature": -1.0}, "Received: temperature=-1.0"),
    ({"temperature": float("nan")}, "Received: temperature=nan"),
    ({"temperature": "hot"}, "Received: temperature='hot'"),
    ({"reduction_ratio": 0}, "`reduction_ratio` must be positive .* Received: reduction_ratio=0"),
    ({"hidden_units": 0}, "`hidden_units` None or at least 1. Received: .*hidden_units=0"),
]


@pytest.mark.parametrize("arguments, message", ATTENTION, ids=lambda v: str(v) if isinstance(v, dict) else "")
def test_attention(arguments, message):
    with pytest.raises(ValueError, match=message):
        DynamicConv2D(4, 3, **arguments)


def test_unequal_strides_of_a_depthwise_layer():
    with pytest.raises(
        ValueError, match=r"DepthwiseCondConv2D '.*': `strides` must be equal .* Received: strides=\(1, 2\)"
    ):
        DepthwiseCondConv2D(3, strides=(1, 2))


INPUTS = [
    (lambda: CondConv2D(4, 3), (2, 8, 3), "expected ndim=4, found ndim=3"),
    (lambda: CondConv2D(4, 3), (2, 8, 8, 8, 3), "expected ndim=4, found ndim=5"),
    (lambda: MixtureConv1D(4, 3), (2, 8, 8, 3), "expected ndim=3, found ndim=4"),
    (lambda: CondDense(4), (3,), "expected min_ndim=2, found ndim=1"),
    (
        lambda: CondConv2D(4, 3, groups=2),
        (2, 8, 8, 3),
        "CondConv2D '.*': the input's channels must be divisible by `groups`. Received: 3 channels, groups=2",
    ),
    (
        lambda: DynamicConv2D(4, 5),
        (2, 4, 8, 3),
        r"DynamicConv2D '.*': the kernel is larger than the .* kernel_size=\(5, 5\), padding='valid'. Use padding='same'",
    ),
]


@pytest.mark.parametrize("make, shape, message", INPUTS, ids=[f"{row[1]}-{i}" for i, row in enumerate(INPUTS)])
def test_inputs(make, shape, message):
    with pytest.raises(ValueError, match=message):
        make()(tf.zeros(shape))


def test_unknown_channels():
    with pytest.raises(ValueError, match=r"CondConv2D '.*': the number of input channels must be known. .* Give the"):
        CondConv2D(4, 3).build((None, 8, 8, None))


def test_routing_made_for_another_bank():
    routing = tfdynconv.routing.SigmoidRouting(num_kernels=3)
    layer = CondConv2D(4, 3, num_experts=5, routing=routing)
    with pytest.raises(
        ValueError, match="its routing SigmoidRouting was made with num_kernels=3, .* has num_kernels=5"
    ):
        layer(tf.zeros([2, 8, 8, 3]))


def test_lowering_that_cannot_run_here():
    layer = tfdynconv.MixtureConv3D(4, 3, lowering="grouped")
    with pytest.raises(ValueError, match="lowering='grouped' cannot be used here .* Use lowering='auto'"):
        layer(tf.zeros([2, 4, 4, 4, 3]))
