"""Convolutions of the survey that Keras has already: a line of code for each, which the table shows and the tests run."""

import dataclasses

import keras

from tfdynconv.testing import LayerCase


@dataclasses.dataclass(frozen=True)
class KerasRow:
    """`line` makes the layer; `cost` is its multiply-adds, P output cells, kernels of k taps."""

    line: str
    title: str
    cost: str

    def layer(self, **more):
        layer = eval(self.line, {"keras": keras})
        return type(layer).from_config({**layer.get_config(), **more})

    def case(self):
        return LayerCase(self.layer, {}, (7, 6, 4), count=None)


def link(name, number):
    return f"[{name}](https://arxiv.org/abs/{number})"


ROWS = [
    KerasRow(
        "keras.layers.Conv2D(8, 3, groups=2)",
        link("Group", "1611.05431"),
        "`P k channels filters / groups`",
    ),
    KerasRow(
        "keras.layers.Conv2DTranspose(8, 3, strides=2)",
        link("Transposed", "1603.07285"),
        "`height width k channels filters`",
    ),
    KerasRow("keras.layers.Conv2D(8, 1)", link("1x1", "1312.4400"), "`P channels filters`"),
    KerasRow(
        "keras.layers.Conv2D(8, 3, dilation_rate=2)",
        link("Atrous", "1511.07122"),
        "`P k channels filters`",
    ),
    KerasRow(
        "keras.layers.SeparableConv2D(8, 3)",
        link("Depthwise separable", "1610.02357"),
        "`P channels (k + filters)`",
    ),
]
KERAS = {row.line: row for row in ROWS}
