"""The plan for phones: which form a dynamic convolution takes in a `.tflite`, and why.

`"matmul"` mixes the kernels and multiplies: XNNPACK, the CPU's delegate, takes a product of two computed tensors, but no
convolution with a computed kernel. `"constant"` convolves with every kernel as it is stored and mixes the results:
what runs on a GPU, on an NPU or in Core ML wants constant filters.
"""

import dataclasses

import tensorflow as tf

FORMS, TARGETS = ("matmul", "constant"), ("cpu", "gpu", "npu")
WANTS_CONSTANTS = "these delegates take convolutions with constant filters alone"
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


# The first rule that holds decides. What is said of speed was measured in float32 (benchmarks/NOTES.md), except for rows, whose
# multiply-adds are counted.
RULES = [
    (lambda c: len(c.forms) == 1, None, "its kernels are computed and no bank has them: no other form exists"),
    (lambda c: c.target != "cpu", "constant", WANTS_CONSTANTS),
    (lambda c: c.kind == "dense", "constant", "one row: a product with each stored matrix costs less than mixing them"),
    (lambda c: c.is_integer, "constant", INTEGERS),
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
    """

    form: str = "auto"
    target: str = "cpu"
    is_integer: bool = False
    choices: list[Choice] = dataclasses.field(default_factory=list)
    refusal: str = ""  # kept, because tracing wraps errors in its own

    def choose(self, kind, forms=FORMS):
        """One of `forms` for a convolution of this kind: "conv", "depthwise", "dense", "transpose", "regions"."""
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
            case = Case(kind, self.target, self.is_integer, tuple(forms))
            form, reason = next((form or forms[0], reason) for holds, form, reason in RULES if holds(case))
        self.choices.append(Choice(layer, form, reason))
        return form
