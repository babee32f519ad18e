"""The shapes that the tables are measured on: B,H,C,O,k is batch, height = width, channels, filters, kernel size."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Shape:
    batch: int
    size: int
    channels: int
    filters: int
    kernel: int
    strides: int = 1
    depthwise: bool = False

    def __str__(self):
        if self.depthwise:
            return f"{self.batch},{self.size},{self.channels} depthwise {self.kernel}"
        text = f"{self.batch},{self.size},{self.channels},{self.filters},{self.kernel}"
        return text + (f" stride {self.strides}" if self.strides > 1 else "")

    @property
    def input_shape(self):
        return (self.batch, self.size, self.size, self.channels)


TRAINING = [
    Shape(32, 28, 64, 64, 3),
    Shape(32, 14, 128, 128, 3),
    Shape(32, 56, 32, 32, 3),
    Shape(32, 14, 192, 192, 1),
    Shape(32, 7, 256, 256, 3),
    Shape(32, 28, 64, 128, 3, strides=2),
    Shape(32, 28, 96, 96, 3, depthwise=True),
]
SINGLE = [Shape(1, 28, 64, 64, 3), Shape(1, 14, 128, 128, 3), Shape(1, 14, 192, 192, 1)]
