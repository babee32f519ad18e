"""Each function of a convolution by the lowering that is fastest for it: all of them compute the same."""

import dataclasses
import typing


@dataclasses.dataclass(frozen=True)
class Each:
    """`conv`, `input_grad` and `kernel_grad` of three lowerings; equal ones share their traces."""

    of_conv: typing.Any
    of_input_grad: typing.Any
    of_kernel_grad: typing.Any

    def conv(self, *arguments):
        return self.of_conv.conv(*arguments)

    def input_grad(self, *arguments):
        return self.of_input_grad.input_grad(*arguments)

    def kernel_grad(self, *arguments):
        return self.of_kernel_grad.kernel_grad(*arguments)
