"""The shapes that a tuning is measured on: none of those that `benchmarks/plan.py` judges the choices by."""

import dataclasses

from tfdynconv.ops.plan import Case


@dataclasses.dataclass(frozen=True)
class Shape:
    """A convolution of as many cells a side, padded to keep them, that it need not have been measured on."""

    size: int
    channels: int
    filters: int
    kernel: int
    strides: int = 1

    def __str__(self):
        text = f"{self.size},{self.channels},{self.filters},{self.kernel}"
        return text + (f" stride {self.strides}" if self.strides > 1 else "")

    @property
    def size_out(self):
        return -(-self.size // self.strides)

    def case(self):
        cells_in, cells_out = self.size**2, self.size_out**2
        return Case(
            "conv",
            (self.kernel,) * 2,
            cells_out,
            stride=self.strides,
            channels=self.channels,
            filters=self.filters,
            cells_in=cells_in,
            cells_out=cells_out,
        )


SHAPES = (
    Shape(56, 24, 24, 3),
    Shape(28, 48, 48, 3),
    Shape(28, 96, 64, 3),
    Shape(14, 32, 32, 3),
    Shape(14, 96, 160, 3),
    Shape(10, 192, 192, 3),
    Shape(8, 16, 16, 3),
    Shape(7, 192, 320, 3),
    Shape(4, 384, 384, 3),
    Shape(28, 32, 64, 5),
    Shape(28, 96, 128, 1),
    Shape(14, 256, 256, 1),
    Shape(7, 512, 512, 1),
    Shape(56, 24, 144, 1),
    Shape(8, 16, 32, 1),
    Shape(56, 32, 48, 3, strides=2),
    Shape(14, 128, 192, 3, strides=2),
    Shape(28, 128, 128, 1, strides=2),
)
