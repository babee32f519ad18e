"""A layer's plainly traced function, called from a compiled one: the plan never saw XLA, and the gradients are right."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from tfdynconv.testing import ALL_LAYERS
from tfdynconv.testing.case import redraw, variable
from tfdynconv.testing.compare import expect_close

# one of each family and way to compute; the others are a slow sweep
SAMPLE = (
    "CondConv2D CondConv2DTranspose DepthwiseCondConv2D CondDense DynamicConv1D DynamicConv3D DyNetConv2D DRConv2D ODConv2D "
    "VersatileConv2D"
)
CASES = [pytest.param(c, id=str(c), marks=[] if str(c) in SAMPLE.split() else pytest.mark.slow) for c in ALL_LAYERS]
BATCH = [None, 3]


def check(case, layer, x, batch):
    """The tape stands in the compiled function, the layer in the plain one."""
    variables = [variable(weight) for weight in layer.trainable_weights]
    plain = tf.function(lambda inputs: layer(inputs, training=True), autograph=False)
    concrete = plain.get_concrete_function(tf.TensorSpec([batch, *x.shape[1:]]))

    def step(inputs, call):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            y = call(inputs)
            flat = tf.reshape(y, [-1])
            loss = tf.reduce_sum(flat * tf.cos(1.0 + tf.range(tf.size(flat), dtype=tf.float32)))
        return [y, *tape.gradient(loss, [inputs, *variables], unconnected_gradients="zero")]

    compiled = tf.function(lambda inputs: step(inputs, concrete), jit_compile=True, autograph=False)
    names = ["outputs", "gradient of the inputs", *(f"gradient of {w.name}" for w in layer.trainable_weights)]
    wanted = step(tf.constant(x), lambda inputs: layer(inputs, training=True))
    for name, received, right in zip(names, compiled(tf.constant(x)), wanted, strict=True):
        expect_close(tf.convert_to_tensor(received), tf.convert_to_tensor(right), case, name)


@pytest.mark.parametrize("case", CASES)
def test_layer(case):
    check(case, case.made(), case.inputs(3), batch=None)


@pytest.mark.slow
@pytest.mark.parametrize("batch", BATCH, ids=["unknown batch", "static batch"])
@pytest.mark.parametrize("case", ALL_LAYERS, ids=str)
def test_every_variant(case, batch):
    for arguments in case.sets():
        check(case, case.made(arguments), case.inputs(3, arguments), batch)


@pytest.mark.slow
def test_a_large_kernel_that_a_cpu_mixes_in_chunks():
    layer = tfdynconv.CondConv2D(256, 3, num_experts=2, padding="same")
    layer.build((None, 7, 7, 256))
    redraw(layer)
    x = np.random.default_rng(0).normal(size=(9, 7, 7, 256)).astype("float32")
    check("CondConv2D", layer, x, batch=None)


def test_a_models_plain_function_inside_a_compiled_one():
    """Several layers behind one another, traced together."""
    x = keras.Input([6, 6, 3])
    y = tfdynconv.DynamicConv2D(4, 3, num_kernels=2, hidden_units=2)(x)
    model = keras.Model(x, tfdynconv.DepthwiseCondConv2D(3, num_experts=2)(y))
    redraw(model)
    check("model", model, np.random.default_rng(0).normal(size=(2, 6, 6, 3)).astype("float32"), batch=None)
