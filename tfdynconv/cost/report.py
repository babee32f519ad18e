"""What `tfdynconv.summary` found, as a table for a terminal, for a page, and for machines."""

import dataclasses
import typing

LOWERINGS = {"here": "here", "here_xla": "here, XLA", "gpu": "GPU", "tpu": "TPU", "phone": "phone"}
SIZES = {"float32": "float32", "float16": "float16", "int8": "8-bit"}


@dataclasses.dataclass(frozen=True)
class Row:
    """One layer, or block of several.

    Attributes:
        name: with those of the models it is in, `"block/conv"`.
        kind: its class.
        calls: how often the model calls it; its weights count once, its multiply-adds each time.
        output_shape: of the first call.
        parameters: what training moves, frozen or not; no moving statistics.
        multiply_adds: of one sample, None where they cannot be counted.
        overhead: the part of them that is routing and mixing: what the static counterpart would not need.
        lowerings: for each place the way in which the plan computes it, `"here"`, `"here_xla"` (compiled), `"gpu"`, `"tpu"`;
            for `"phone"` the form in the `.tflite` with float weights, for `"phone_8_bits"` with 8-bit ones. Empty for a
            static layer.
        sizes: bytes of its weights in a `.tflite` by quantisation.
    """

    name: str
    kind: str
    calls: int
    output_shape: tuple
    parameters: int
    multiply_adds: typing.Optional[int]
    overhead: typing.Optional[int]
    lowerings: dict
    sizes: dict

    def cells(self):
        shape = "x".join("?" if n is None else str(n) for n in self.output_shape[1:])
        times = f" x{self.calls}" if self.calls > 1 else ""
        phone, small = (self.lowerings.get(name, "") for name in ("phone", "phone_8_bits"))
        ways = {**self.lowerings, "phone": phone if small == phone else f"{phone} / {small}"}
        return [
            self.name,
            self.kind + times,
            shape,
            f"{self.parameters:,}",
            "not counted" if self.multiply_adds is None else f"{self.multiply_adds:,}",
            f"{self.overhead:,}" if self.overhead else "",
            *(ways.get(place, "") for place in LOWERINGS),
            *(kilobytes(self.sizes[name]) for name in SIZES),
        ]


@dataclasses.dataclass(frozen=True)
class Total:
    """Of all rows that can be counted."""

    parameters: int
    multiply_adds: int
    overhead: int
    sizes: dict

    def cells(self, name):
        counts = [
            f"{n:,}" if n is not None else "" for n in (self.parameters, self.multiply_adds, self.overhead or None)
        ]
        return [name, "", "", *counts, *[""] * len(LOWERINGS), *(kilobytes(self.sizes[kind]) for kind in SIZES)]


HEAD = [
    "layer",
    "kind",
    "output",
    "parameters",
    "multiply-adds",
    "routing, mixing",
    *LOWERINGS.values(),
    *SIZES.values(),
]
LEFT = {0, 1, 2, *range(6, 6 + len(LOWERINGS))}  # columns of words; the others are numbers


@dataclasses.dataclass(frozen=True)
class Summary:
    """The result of `tfdynconv.summary`; printing it gives a table.

    Attributes:
        name: the model's.
        inputs: the shapes it was counted for.
        device: what "here" is, `"cpu"` or `"gpu"`.
        rows: a `Row` for each layer with weights, multiply-adds or a choice.
        total: of the model.
        twin: of the same model with static layers.
        not_counted: names of layers whose multiply-adds are not known.
    """

    name: str
    inputs: list
    device: str
    rows: list
    total: Total
    twin: Total
    not_counted: list

    def __str__(self):
        lines = [HEAD, *self.table()]
        widths = [max(map(len, column)) for column in zip(*lines)]
        shown = [column for column, width in enumerate(widths) if any(line[column] for line in lines[1:])]
        text = ["  ".join(aligned(line[c], widths[c], c in LEFT) for c in shown).rstrip() for line in lines]
        text.insert(1, "-" * max(map(len, text)))
        text.insert(-3, text[1])
        return "\n".join([self.title(), *text, *self.notes()])

    def markdown(self):
        """The same as a Markdown table."""
        lines = [HEAD, ["---" if c in LEFT else "---:" for c in range(len(HEAD))], *self.table()]
        return "\n".join([self.title(), "", *("| " + " | ".join(line) + " |" for line in lines), "", *self.notes()])

    def as_dict(self):
        """Everything in dicts, lists, strings and numbers."""
        return dataclasses.asdict(self)

    def table(self):
        ratios = [times(getattr(self.total, n), getattr(self.twin, n)) for n in ("parameters", "multiply_adds")]
        sizes = [times(self.total.sizes[kind], self.twin.sizes[kind]) for kind in SIZES]
        return [
            *(row.cells() for row in self.rows),
            self.total.cells("in all"),
            self.twin.cells("static twin"),
            ["times the twin", "", "", *ratios, "", *[""] * len(LOWERINGS), *sizes],
        ]

    def title(self):
        shapes = ", ".join("x".join("?" if n is None else str(n) for n in shape) for shape in self.inputs)
        return f"{self.name}, inputs {shapes}; here is a {self.device.upper()}"

    def notes(self):
        lines = [
            "Sizes are those of the weights in a .tflite, kB; a second form on a phone is that with 8-bit weights."
        ]
        if self.not_counted:
            lines.append(f"Not counted, in no total: the multiply-adds of {', '.join(self.not_counted)}.")
        return lines


def times(number, other):
    return f"{number / other:.3g}" if other else ""


def kilobytes(size):
    return f"{size / 1024:,.1f}"


def aligned(text, width, left):
    return text.ljust(width) if left else text.rjust(width)
