"""The plan for phones: which form a dynamic convolution takes in a `.tflite`, and why.

`"matmul"` mixes the kernels and multiplies: XNNPACK, the CPU's delegate, takes a product of two computed tensors, but no
convolution with a computed kernel. `"constant"` convolves with every kernel as it is stored and mixes the results:
what runs on a GPU, on an NPU or in Core ML wants constant filters.
"""

import dataclasses
import math

import tensorflow as tf

FORMS, TARGETS = ("matmul", "constant"), ("cpu", "gpu", "npu")
WANTS_CONSTANTS = "these delegates take convolutions with constant filters alone"
STORED = "with 8-bit weights stored kernels convolve in 8 bits, computed ones in float32"
MANY_PIXELS = 400  # of a 1x1 kernel: beyond, mixing maps costs more than computing in 8 bits saves
FEWER = 4  # times as few numbers: a product of two computed tensors is slower than a convolution
VOLUMES = "LiteRT has no 3-D convolution with 8-bit filters, and would keep stored ones in float32"
INTEGERS = "with 8-bit activations LiteRT refuses computed depthwise kernels, and computes products outside of XNNPACK"


@dataclasses.dataclass(frozen=True)
class Choice:
    """What the plan chose for one convolution: `layer`, its scope in the graph; `form`; `reason`."""

    layer: str
    form: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Case:
    """What a rule may look at."""

    kind: str
    target: str
    is_integer: bool
    forms: tuple
    stores_8_bits: bool
    pixels: float

    @property
    def has_many_pixels(self):
        return self.kind == "pointwise" and self.pixels > MANY_PIXELS


# The first rule that holds decides. What is said of speed was measured in float32 (benchmarks/NOTES.md), except for rows, whose
# multiply-adds are counted.
RULES = [
    (lambda c: len(c.forms) == 1, None, "its kernels are computed and no bank has them: no other form exists"),
    (lambda c: c.kind == "volume" and c.stores_8_bits, "matmul", VOLUMES),
    (lambda c: c.target != "cpu", "constant", WANTS_CONSTANTS),
    (lambda c: c.kind == "dense", "constant", "one row: a product with each stored matrix costs less than mixing them"),
    (lambda c: c.is_integer, "constant", INTEGERS),
    (
        lambda c: c.stores_8_bits and c.kind in ("conv", "pointwise") and not c.has_many_pixels,
        "constant",
        STORED,
    ),
    (
        lambda c: c.kind == "depthwise",
        "matmul",
        "one depthwise convolution with a computed kernel, outside of XNNPACK, beats one for each stored kernel inside",
    ),
    (lambda c: True, "matmul", "XNNPACK takes the products and mixing kernels is cheaper than mixing outputs"),
]


@dataclasses.dataclass
class Phone:
    """What an export asks for; collects the choices as the model is traced.

    Args:
        form: `"auto"`, `"matmul"` or `"constant"`.
        target: `"cpu"`, `"gpu"` or `"npu"`.
        is_integer: whether activations will be integers.
        stores_8_bits: whether weights will be.
    """

    form: str = "auto"
    target: str = "cpu"
    is_integer: bool = False
    stores_8_bits: bool = False
    choices: list[Choice] = dataclasses.field(default_factory=list)
    factors: dict = dataclasses.field(default_factory=dict)  # `{id(layer): [filters]}`, of a normalisation that follows
    refusal: str = ""  # kept, because tracing wraps errors in its own

    @property
    def wants_constants(self):
        """Whether the file is for what may run convolutions with stored filters and little else."""
        return self.form == "constant" or (self.form == "auto" and (self.target != "cpu" or self.is_integer))

    def choose(self, kind, forms=FORMS, pixels=math.inf):
        """One of `forms` for a convolution of this kind with so many output pixels.

        Kinds are "conv", "pointwise" (1x1), "taps" (with an attention over taps), "volume" (3-D), "depthwise", "dense",
        "transpose", "kernels" (computed ones, no bank) and "regions".
        """
        layer = tf.compat.v1.get_default_graph().get_name_scope() or kind
        if self.form != "auto" and self.form not in forms:
            self.refusal = (
                f"to_tflite: form={self.form!r} cannot be had for {layer!r}: its kernels are computed and no bank has them. "
                "Use form='auto', which takes it where it exists."
            )
            raise ValueError(self.refusal)
        if self.form != "auto":
            form, reason = self.form, "asked for"
        else:
            case = Case(kind, self.target, self.is_integer, tuple(forms), self.stores_8_bits, pixels)
            form, reason = next((form or forms[0], reason) for holds, form, reason in RULES if holds(case))
        self.choices.append(Choice(layer, form, reason))
        return form

    def gates_kernel(self, kernel, maps):
        """Whether gates around one stored 1x1 kernel multiply that, of so many weights, or the maps before and behind it."""
        is_small = FEWER * kernel < maps
        if self.form != "auto" or self.target != "cpu" or self.stores_8_bits or not is_small:
            return False
        layer = tf.compat.v1.get_default_graph().get_name_scope() or "gates"
        self.choices.append(
            Choice(layer, "matmul", "the kernel is far smaller than the maps that its gates would multiply")
        )
        return True
