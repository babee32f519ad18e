"""What an export made, and how well it agrees with the model."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class ExportReport:
    """The result of `to_tflite`; printing it gives a few readable lines.

    Attributes:
        path: where the file is.
        size: its bytes.
        ops: how often each op occurs in it.
        max_relative_error: over all outputs and inputs compared, `max |keras - tflite| / max |keras|`.
        num_inputs: on how many different inputs the two were compared.
        choices: for each dynamic convolution the form that it took and why (`layer`, `form`, `reason`).

    >>> print(ExportReport("m.tflite", 2048, {"ADD": 1, "CONV_2D": 2}, 1.5e-7, 6))
    m.tflite: 2.0 kB, 3 ops
      ops: CONV_2D 2, ADD 1
      agrees with Keras on 6 inputs; largest relative error 1.5e-07
    """

    path: str
    size: int
    ops: dict
    max_relative_error: float
    num_inputs: int
    choices: tuple = ()

    def __str__(self):
        often_first = sorted(self.ops.items(), key=lambda item: (-item[1], item[0]))
        text = (
            f"{self.path}: {self.size / 1024:.1f} kB, {sum(self.ops.values())} ops\n"
            f"  ops: {', '.join(f'{name} {count}' for name, count in often_first)}\n"
            f"  agrees with Keras on {self.num_inputs} inputs; largest relative error {self.max_relative_error:.2g}"
        )
        by_reason = {}
        for choice in self.choices:
            by_reason.setdefault((choice.form, choice.reason), []).append(choice.layer)
        for (form, reason), layers in by_reason.items():
            more = f" and {len(layers) - 3} more" if len(layers) > 3 else ""
            text += f"\n  {form} in {', '.join(layers[:3])}{more}: {reason}"
        return text
