"""What `routing=` may be, and what a routing refuses."""

import keras
import pytest
import tensorflow as tf

from tfdynconv import routing
from tfdynconv.routing import CallableRouting, SigmoidRouting, SoftmaxRouting


@pytest.mark.parametrize("name, kind", [("sigmoid", SigmoidRouting), ("softmax", SoftmaxRouting)])
def test_names(name, kind):
    assert type(routing.get(name, num_kernels=3)) is kind
    assert routing.get(name, num_kernels=3).num_kernels == 3


def test_none_and_objects_stay_as_they_are():
    made = SigmoidRouting(3)
    assert routing.get(None) is None
    assert routing.get(made) is made


def test_a_config():
    made = routing.get(keras.saving.serialize_keras_object(SoftmaxRouting(3, hidden_units=7, temperature=4.0)))
    assert type(made) is SoftmaxRouting
    assert (made.num_kernels, made.hidden_units, made.initial_temperature) == (3, 7, 4.0)


@pytest.mark.parametrize("given", [tf.nn.relu, keras.layers.Dense(3)], ids=["function", "layer"])
def test_callables(given):
    made = routing.get(given)
    assert type(made) is CallableRouting
    assert made.function is given


@pytest.mark.parametrize("given", ["SoftMax", "", 3, 0.5, [SigmoidRouting], object()], ids=lambda v: type(v).__name__)
def test_anything_else_is_an_error(given):
    with pytest.raises(
        ValueError, match="expected None, one of 'sigmoid', 'softmax', a Routing object.* Received: routing="
    ):
        routing.get(given)


@pytest.mark.parametrize("kind", [SigmoidRouting, SoftmaxRouting], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("value", [0, -2, 1.5, "3"], ids=str)
def test_num_kernels(kind, value):
    with pytest.raises(
        ValueError, match=f"{kind.__name__}: `num_kernels` must be a positive int. Received: num_kernels="
    ):
        kind(value)


@pytest.mark.parametrize("kind", [SigmoidRouting, SoftmaxRouting], ids=lambda kind: kind.__name__)
def test_alone_it_must_know_how_many_kernels(kind):
    with pytest.raises(ValueError, match=rf"how many kernels\? .* {kind.__name__}\(num_kernels=4\)"):
        kind()(tf.zeros([2, 4, 4, 3]))


def test_data_format():
    with pytest.raises(ValueError, match="SigmoidRouting: `data_format` must be .* Received: data_format='NCHW'"):
        SigmoidRouting(3, data_format="NCHW")


@pytest.mark.parametrize("shape", [(2, 5), (2, 7, 5), (2, 7, 6, 5), (2, 3, 4, 6, 5)], ids=str)
@pytest.mark.parametrize("kind", [SigmoidRouting, SoftmaxRouting], ids=lambda kind: kind.__name__)
def test_any_rank_of_input(kind, shape):
    made = kind(3)
    coefficients = made(tf.random.normal(shape))
    assert tuple(coefficients.shape) == (2, 3)
    assert tuple(made.compute_output_shape(shape)) == (2, 3)
    if kind.sums_to_one:
        tf.debugging.assert_near(tf.reduce_sum(coefficients, -1), tf.ones(2))
