"""A function traced as a plain graph, called from a compiled one later: the plan never saw XLA, and the answer is right."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests.ops.test_against_the_definition import OPS
from tests.ops.test_second_derivatives import CASES, slopes

NAMES = ("1d_causal_dilated_groups", "2d", "2d_pointwise", "2d_dilated", "3d_stride", "3d_dilated", "depthwise_stride")
FORCED = ("loop", "grouped", "matmul")


class Traced(tf.Module):
    def __init__(self, case, lowering, specs):
        super().__init__()
        arguments = {**case.arguments(), "lowering": lowering}
        run = tf.function(lambda x, k: OPS[case.kind](x, k, **arguments), input_signature=specs, autograph=False)
        self.run = run
        self.run.get_concrete_function()


def plainly_traced(how, module, folder):
    if how == "concrete function":
        return module.run.get_concrete_function()
    tf.saved_model.save(module, str(folder))
    return tf.saved_model.load(str(folder)).run


def check_outputs_and_gradients(case, function, tensors, numbers):
    """Called in a compiled function, with a tape around the call."""

    @tf.function(jit_compile=True, autograph=False)
    def step(x, k, r):
        with tf.GradientTape() as tape:
            tape.watch([x, k])
            y = function(x, k)
        return y, *tape.gradient(y, [x, k], output_gradients=r)

    x, k, r = numbers
    oracle = case.oracle()
    expected = oracle.forward(x, k), oracle.input_grad(r, k), oracle.kernel_grad(x, r)
    for result, right in zip(step(*tensors), expected):
        np.testing.assert_allclose(case.array(result), right, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("how", ["concrete function", "reloaded SavedModel"])
@pytest.mark.parametrize("name", NAMES)
def test_auto(name, how, tmp_path):
    case = CASES[name]
    if how == "reloaded SavedModel":  # XLA finds no constants in the shapes that its saved gradients are given
        case = dataclasses.replace(case, known_size=True)
    numbers = case.numbers()
    tensors = [case.tensor(values) for values in numbers]
    module = Traced(case, "auto", case.specs(*tensors[:2]))
    check_outputs_and_gradients(case, plainly_traced(how, module, tmp_path / "saved"), tensors, numbers)


@pytest.mark.parametrize("lowering", FORCED)
@pytest.mark.parametrize("name", ["2d", "depthwise_stride"])
def test_forced(name, lowering):
    case = CASES[name]
    numbers = case.numbers()
    tensors = [case.tensor(values) for values in numbers]
    module = Traced(case, lowering, case.specs(*tensors[:2]))
    check_outputs_and_gradients(case, module.run.get_concrete_function(), tensors, numbers)


@pytest.mark.parametrize("name", ["2d", "2d_pointwise"])
def test_the_same_saved_model_runs_plainly_too(name, tmp_path):
    case = CASES[name]
    x, k, _ = case.numbers()
    tensors = case.tensor(x), case.tensor(k)
    loaded = plainly_traced("reloaded SavedModel", Traced(case, "auto", case.specs(*tensors)), tmp_path / "saved")
    np.testing.assert_allclose(case.array(loaded(*tensors)), case.oracle().forward(x, k), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", ["2d", "depthwise_stride"])
def test_second_derivatives(name):
    """The tapes stand in the plain function: TensorFlow cannot differentiate a custom gradient twice from outside of it."""
    case = dataclasses.replace(CASES[name], known_size=True)
    x, k, _ = case.numbers()
    tensors = case.tensor(x), case.tensor(k)

    def gradients_of_penalty(x, k):
        with tf.GradientTape() as outer:
            outer.watch([x, k])
            with tf.GradientTape() as inner:
                inner.watch([x, k])
                loss = tf.reduce_sum(OPS[case.kind](x, k, **case.arguments()) ** 3) / 3
            value = sum(tf.reduce_sum(grad**2) for grad in inner.gradient(loss, [x, k]))
        return outer.gradient(value, [x, k])

    plain = tf.function(gradients_of_penalty, input_signature=case.specs(*tensors), autograph=False)
    traced = plain.get_concrete_function()
    compiled = tf.function(lambda x, k: traced(x, k), jit_compile=True, autograph=False)
    generator = np.random.default_rng(0)
    directions = generator.normal(size=x.shape), generator.normal(size=k.shape)
    grads = [case.array(grad) for grad in compiled(*tensors)]
    along = [np.sum(grad * direction) for grad, direction in zip(grads, directions)]
    np.testing.assert_allclose(along, slopes(case, x, k, directions), rtol=1e-9)
