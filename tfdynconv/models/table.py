"""The table of published networks: parameters and multiply-adds, ours beside those printed."""

import dataclasses

import keras

from tfdynconv.models.catalogue import LEFT_OUT
from tfdynconv.models.cost import cost

UNITS = {"M": 1e6, "G": 1e9}
HEADER = (
    "network",
    "parameters",
    "published",
    "difference",
    "multiply-adds",
    "published",
    "difference",
    "published by",
)
NOTES = (
    "Images of 224x224. A difference of 0 means that ours rounds to the digits published. Multiply-adds are those of "
    "convolutions, dense layers, mixing and routing; pooling, biases, activations and normalisation count none, as everywhere "
    "in this package. \\* is quoted from others; the publication itself was not seen.",
    "CondConv's authors count pooling, gates and swish too, some 5M. How ODConv's count what they add is not known: with "
    "`height width channels + 2 w` multiply-adds for each layer of one kernel of w weights, and `height width channels + "
    "(2 n + 1) w` for one of n, its figures come out within 0.35%. DRConv's released code costs what stands here, not what is "
    "published.",
    "ResNet-50 and 101 have the stride in the first convolution of a block here, as the printed multiply-adds do, except with "
    "CondConv; `resnet` puts it into the 3x3, as the released code and weights do.",
)


@dataclasses.dataclass(frozen=True)
class Row:
    network: str
    parameters: int
    published_parameters: str | None
    multiply_adds: int
    published_multiply_adds: str | None
    source: str

    @property
    def differences(self):
        """Those of parameters and multiply-adds, as shares of the published."""
        pairs = ((self.parameters, self.published_parameters), (self.multiply_adds, self.published_multiply_adds))
        return tuple(difference(ours, printed) for ours, printed in pairs)

    def as_json(self):
        parameters, multiply_adds = self.differences
        return {
            **dataclasses.asdict(self),
            "difference_of_parameters": parameters,
            "difference_of_multiply_adds": multiply_adds,
        }

    def cells(self):
        parameters, multiply_adds = map(percent, self.differences)
        return (
            self.network,
            f"{self.parameters:,}",
            escaped(self.published_parameters),
            parameters,
            f"{self.multiply_adds / 1e6:,.1f}M",
            escaped(self.published_multiply_adds),
            multiply_adds,
            self.source,
        )

    def markdown(self):
        return f"| {' | '.join(self.cells())} |"


def row(network):
    """Builds the network, counts, and forgets it."""
    parameters, multiply_adds = cost(network.build())
    keras.backend.clear_session()
    return Row(network.name, parameters, network.parameters, multiply_adds, network.multiply_adds, network.source)


def difference(ours, printed):
    """None where nothing is printed, 0 where ours rounds to it."""
    if printed is None:
        return None
    wanted = number(printed)
    return 0.0 if abs(ours - wanted) <= precision(printed) else ours / wanted - 1


def number(printed):
    """`"4.94M"` -> 4940000.0"""
    text = printed.rstrip("*").replace(",", "")
    return float(text.rstrip("MG")) * UNITS.get(text[-1], 1.0)


def precision(printed):
    """Half a unit of the last digit that is printed."""
    text = printed.rstrip("*").replace(",", "")
    digits = len(text.rstrip("MG").partition(".")[2])
    return 0.5 * 10.0**-digits * UNITS.get(text[-1], 1.0)


def percent(share):
    if share is None:
        return ""
    return f"{100 * share:+.2f}%" if share else "0"


def escaped(printed):
    return (printed or "").replace("*", "\\*")


def markdown(rows):
    """The table, without its notes."""
    header = f"| {' | '.join(HEADER)} |\n{'|---' * len(HEADER)}|"
    return "\n".join([header, *(each.markdown() for each in rows)])


def notes():
    return "\n\n".join([*NOTES, f"Left out, since not recovered: {'; '.join(LEFT_OUT)}."])
