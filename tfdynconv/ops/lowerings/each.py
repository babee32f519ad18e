"""Each function of a convolution by the lowering that is fastest for it: all of them compute the same."""


class Each:
    """`conv`, `input_grad` and `kernel_grad` of three lowerings."""

    def __init__(self, conv, input_grad, kernel_grad):
        self.lowerings = (conv, input_grad, kernel_grad)
        self.conv = conv.conv
        self.input_grad = input_grad.input_grad
        self.kernel_grad = kernel_grad.kernel_grad
