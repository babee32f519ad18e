"""All regions, then select: of static shape throughout, for XLA and phones, and the plain statement of what is computed.

One region is added after the other, so that no output is kept m times.
"""

import typing

import tensorflow as tf

from tfdynconv.ops.hard_assignment import hard_assignment
from tfdynconv.ops.per_sample_conv import convolve

CALLER = "region_conv"


def conv(x, kernels, guide, geometry, beta, use_alpha):
    """Differentiable in every argument, by TensorFlow's own rules but for `hard_assignment`."""
    chosen = tf.cast(hard_assignment(guide, beta), x.dtype)
    alpha: typing.Any = tf.cast(tf.stop_gradient(tf.nn.softmax(guide)), x.dtype) if use_alpha else None
    outputs = 0.0
    flat = tf.reshape(kernels, [-1, kernels.shape[1], kernels.shape[2:].num_elements()])  # slices at rank 3, for phones
    for j in range(kernels.shape[1]):
        kernel = tf.reshape(flat[:, j], [-1, *kernels.shape[2:].as_list()])
        here = chosen[..., j : j + 1]
        if not use_alpha:
            outputs += here * respond(x, kernel, geometry)
            continue
        # the kernel's gradient alone is weighted with alpha, and only the others with the hard choice
        response = respond(x, tf.stop_gradient(kernel), geometry)
        soft = respond(tf.stop_gradient(x), kernel, geometry) * alpha[..., j : j + 1]
        outputs += here * response + soft - tf.stop_gradient(soft)
    return outputs


def respond(x, kernel, geometry):
    return convolve(x, kernel, geometry, 1, "auto", CALLER)


def gradients(x, kernels, guide, cotangent, geometry, beta, use_alpha):
    """(for x, for the kernels, for the guide), themselves differentiable."""
    with tf.GradientTape() as tape:
        tape.watch([x, kernels, guide])
        outputs = conv(x, kernels, guide, geometry, beta, use_alpha)
    sources = [x, kernels, guide]
    return tuple(tape.gradient(outputs, sources, output_gradients=cotangent, unconnected_gradients="zero"))
