"""Close a convolution and its two gradients under differentiation.

A convolution is linear in the input and in the kernel, so with a cotangent it makes one trilinear form
`T(x, k, y) = <conv(x, k), y>`. Its three partial derivatives are

    conv(x, k)          dT/dy
    input_grad(y, k)    dT/dx
    kernel_grad(x, y)   dT/dk

and the gradient of each is written with the other two. Given functions for the three, gradients of any order follow,
none of them from TensorFlow's registered gradients, which are missing (grouped and dilated convolutions on a CPU,
`MapDefun`) or slow (grouped convolutions under XLA on a CPU).
"""

import tensorflow as tf

from tfdynconv.ops.geometry import spatial_size


def differentiable(lowering, inputs, kernels, geometry, kernel_size):
    """`lowering.conv(inputs, kernels, geometry)` with gradients of every order from the lowering's own three functions.

    A lowering has `conv(x, k, geometry)`, `input_grad(y, k, geometry, input_size)` and
    `kernel_grad(x, y, geometry, kernel_size)`; `x` and `y` have their spatial axes at 1.
    """
    input_size = spatial_size(inputs, geometry.rank)

    @tf.custom_gradient
    def conv(x, k):
        def grad(y):
            return input_grad(y, k), kernel_grad(x, y)

        return lowering.conv(x, k, geometry), grad

    @tf.custom_gradient
    def input_grad(y, k):
        def grad(x):
            return conv(x, k), kernel_grad(x, y)

        return lowering.input_grad(y, k, geometry, input_size), grad

    @tf.custom_gradient
    def kernel_grad(x, y):
        def grad(k):
            return input_grad(y, k), conv(x, k)

        return lowering.kernel_grad(x, y, geometry, kernel_size), grad

    return conv(inputs, kernels)
