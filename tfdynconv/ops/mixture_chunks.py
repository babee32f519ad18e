"""Close convolution with a mixed kernel under differentiation, without ever holding the kernels of a batch.

`T(x, w, a, y) = sum_b <conv(x_b, sum_i a_bi w_i), y_b>` is linear in each of input, bank, coefficients and cotangent, so
each partial derivative is the same form with one argument put in another's place (compare `trilinear`). The kernels are
mixed anew for the input's gradient.
"""

import tensorflow as tf

from tfdynconv.ops.geometry import spatial_size
from tfdynconv.ops.trilinear import hidden, shaped


def convolve(form, inputs, bank, coefficients, geometry):
    """`conv(inputs, mix(bank, coefficients))`; `form` has it, `input_grad` and `mixture_grads`."""
    kernel_size = tuple(bank.shape[1:-2])
    output_shape = [inputs.shape[0], *geometry.output_size(inputs.shape[1:-1], kernel_size), bank.shape[-1]]

    @tf.custom_gradient
    def conv(x, w, a):
        def grad(y):
            y = shaped(y, output_shape)
            return input_grad(y, w, a, spatial_size(x, geometry.rank)), *mixture_grads(x, y, w, a)

        return shaped(form.conv(hidden(x), hidden(w), hidden(a), geometry), output_shape), grad

    def input_grad(y, w, a, size):
        @tf.custom_gradient
        def of_size(y, w, a):
            def grad(x):
                x = shaped(x, inputs.shape)
                return conv(x, w, a), *mixture_grads(x, y, w, a)

            return shaped(form.input_grad(hidden(y), hidden(w), hidden(a), geometry, size), inputs.shape), grad

        return of_size(y, w, a)

    @tf.custom_gradient
    def mixture_grads(x, y, w, a):
        """Gradients for bank and coefficients."""

        def grad(w_cotangent, a_cotangent):
            w_cotangent = shaped(w_cotangent, bank.shape)
            a_cotangent = shaped(a_cotangent, coefficients.shape)
            size = spatial_size(x, geometry.rank)
            for_x = input_grad(y, w_cotangent, a, size) + input_grad(y, w, a_cotangent, size)
            for_y = conv(x, w_cotangent, a) + conv(x, w, a_cotangent)
            return for_x, for_y, *mixture_grads(x, y, w_cotangent, a_cotangent)

        for_bank, for_coefficients = form.mixture_grads(hidden(x), hidden(y), hidden(w), hidden(a), geometry)
        return (shaped(for_bank, bank.shape), shaped(for_coefficients, coefficients.shape)), grad

    return conv(inputs, bank, coefficients)
