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


def differentiable(lowering, inputs, kernels, geometry, kernel_size, channels):
    """`lowering.conv(inputs, kernels, geometry)` with gradients of every order from the lowering's own three functions.

    A lowering has `conv(x, k, geometry)`, `input_grad(y, k, geometry, input_size)` and
    `kernel_grad(x, y, geometry, kernel_size)`; `x` and `y` have their spatial axes at 1, `y` so many `channels`.
    """
    output_size = geometry.output_size(inputs.shape[1:-1], kernel_size)
    shapes = {"x": inputs.shape, "k": kernels.shape, "y": [inputs.shape[0], *output_size, channels]}
    conv, _, _ = forms(lowering, geometry, kernel_size, shapes)
    return conv(inputs, kernels)


def forms(lowering, geometry, kernel_size, shapes):
    """(conv, input_grad, kernel_grad), each the derivative of the others; `shapes` are the static ones of x, k and y.

    `input_grad(y, k, size)` must be told the size of x. The gradients take it from x where they run: a size computed in the
    forward pass and kept would be no constant for XLA in a backward function of its own.
    """

    @tf.custom_gradient
    def conv(x, k):
        def grad(y):
            y = shaped(y, shapes["y"])
            return input_grad(y, k, spatial_size(x, geometry.rank)), kernel_grad(x, y)

        return shaped(lowering.conv(hidden(x), hidden(k), geometry), shapes["y"]), grad

    def input_grad(y, k, size):
        @tf.custom_gradient
        def of_size(y, k):
            def grad(x):
                x = shaped(x, shapes["x"])
                return conv(x, k), kernel_grad(x, y)

            return shaped(lowering.input_grad(hidden(y), hidden(k), geometry, size), shapes["x"]), grad

        return of_size(y, k)

    @tf.custom_gradient
    def kernel_grad(x, y):
        def grad(k):
            k = shaped(k, shapes["k"])
            return input_grad(y, k, spatial_size(x, geometry.rank)), conv(x, k)

        return shaped(lowering.kernel_grad(hidden(x), hidden(y), geometry, kernel_size), shapes["k"]), grad

    return conv, input_grad, kernel_grad


def hidden(tensor):
    """The tensor, unseen by gradient tapes: they would record the inner ops, keep their results, and look for gradients
    that those ops need not have."""
    return tf.stop_gradient(tensor)


def shaped(tensor, shape):
    """A cotangent or result with the static shape that it must have, which loops and branches forget."""
    tensor = tf.convert_to_tensor(tensor)
    tensor.set_shape(shape)
    return tensor
