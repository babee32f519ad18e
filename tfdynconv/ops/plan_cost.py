"""What a convolution costs a sample by each lowering that a CPU runs well: multiply-adds, bytes that move, and one call.

`seconds = multiply_add * multiply-adds + byte * bytes + sample`, with three constants of the lowering in its place, which
`tfdynconv.tuning` fits to measured times (`machine.py`). Each of a convolution's three functions is counted by itself, so
that one lowering may convolve and another one compute the gradients.
"""

import dataclasses
import math

from tfdynconv.ops import machine

FUNCTIONS = ("conv", "input_grad", "kernel_grad")
BYTES = 4  # of a number: 16 bits are computed through 32, and 64 change all lowerings alike
UNKNOWN_CELLS = 32 * 32  # output cells of a sample whose size is not known while tracing


@dataclasses.dataclass(frozen=True)
class Work:
    """Of one sample: multiply-adds, and numbers that are read or written."""

    multiply_adds: int
    numbers: int

    def seconds(self, pace):
        return pace["multiply_add"] * self.multiply_adds + pace["byte"] * BYTES * self.numbers + pace["sample"]


@dataclasses.dataclass(frozen=True)
class Sizes:
    """Numbers in a sample's input, kernel and output; multiply-adds of the convolution, and of one over every input cell,
    which the input's gradient as a forward convolution is; both patches, of input and of output."""

    inputs: int
    kernel: int
    outputs: int
    multiply_adds: int
    multiply_adds_wide: int
    patches: int
    patches_wide: int

    @classmethod
    def of(cls, case):
        cells_out, cells_in = case.cells_out, case.cells_in
        if cells_out is None or cells_in is None:
            cells_out = case.pixels if case.pixels is not None else UNKNOWN_CELLS
            cells_in = cells_out * case.stride**case.rank
        taps = math.prod(case.kernel_size)
        kernel = taps * case.channels * case.filters
        copied = 0 if case.is_pointwise and case.stride == 1 else taps  # a 1x1 kernel's patches are the input
        return cls(
            inputs=cells_in * case.channels,
            kernel=kernel,
            outputs=cells_out * case.filters,
            multiply_adds=cells_out * kernel,
            multiply_adds_wide=cells_in * kernel,
            patches=copied * cells_out * case.channels,
            patches_wide=copied * cells_in * case.filters,
        )

    @property
    def arguments(self):
        """Each function reads two of input, kernel and output, and writes the third."""
        return self.inputs + self.kernel + self.outputs

    def result(self, function):
        return {"conv": self.outputs, "input_grad": self.inputs, "kernel_grad": self.kernel}[function]


def loop(sizes, function, case):
    """A call of Eigen's convolution or its gradients, each of which packs or scatters patches of the input, the input's with
    the kernel turned round; the result is copied into the batch."""
    turned = 2 * sizes.kernel if function == "input_grad" else 0
    return Work(sizes.multiply_adds, sizes.arguments + 2 * sizes.result(function) + turned + sizes.patches)


def loop_compiled(sizes, function, case):
    """A while loop copies each sample out of the batch and the result into it. The input's gradient is a convolution over
    all input cells, with a kernel that is turned round unless there are strides."""
    if function != "input_grad":
        return Work(sizes.multiply_adds, 2 * sizes.arguments + sizes.patches)
    turned = 2 * sizes.kernel if case.stride == 1 else 0
    return Work(sizes.multiply_adds_wide, 2 * sizes.arguments + turned + sizes.patches_wide)


def matmul(sizes, function, case):
    """Patches are cut, joined and read by the product; the input's gradient is a convolution over all input cells with the
    kernel turned round. A 1x1 kernel is multiplied as it stands."""
    if function != "input_grad" or not sizes.patches:
        return Work(sizes.multiply_adds, sizes.arguments + 3 * sizes.patches)
    return Work(sizes.multiply_adds_wide, sizes.arguments + 2 * sizes.kernel + 3 * sizes.patches_wide)


def unrolled(sizes, function, case):
    """Each sample is cut out of its block and its result joined into the block's and the batch's; oneDNN makes no patches, but
    turns kernels into a layout of its own, and those of a gradient back."""
    return Work(sizes.multiply_adds, 2 * sizes.arguments + 2 * sizes.result(function) + 2 * sizes.kernel)


FORMULAS = {"loop": loop, "loop_compiled": loop_compiled, "matmul": matmul, "unrolled": unrolled}


def work(lowering, function, case):
    return FORMULAS[lowering](Sizes.of(case), function, case)


def estimate(place, lowering, function, case, on=None):
    """Seconds for a sample, on the machine that the plan is for or another one."""
    pace = (on or machine.current()).paces[place][lowering]
    return work(lowering, function, case).seconds(pace)


def least(place, case, on=None):
    """For each function of a convolution the lowering of the least estimate."""
    return tuple(
        min(machine.LOWERINGS[place], key=lambda lowering: estimate(place, lowering, function, case, on))
        for function in FUNCTIONS
    )
