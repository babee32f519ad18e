"""What an export made, and how well it agrees with the model."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Latency:
    """Milliseconds of one run with one thread: the median, and the quartiles around it."""

    median: float
    lower: float
    upper: float

    @classmethod
    def of(cls, times):
        lower, median, upper = (float(value) for value in np.percentile(times, [25, 50, 75]))
        return cls(median, lower, upper)

    def __str__(self) -> str:
        return f"{self.median:.3g} ms (half of the runs within {self.lower:.3g} and {self.upper:.3g})"


@dataclasses.dataclass(frozen=True)
class ExportReport:
    """The result of `to_tflite`; printing it gives a few readable lines.

    Attributes:
        path: where the file is.
        size: its bytes.
        ops: how often each op occurs in it; in a file of several sizes, in the first.
        max_relative_error: over all outputs and inputs compared, `max |keras - tflite| / max |keras|`.
        num_inputs: on how many different inputs the two were compared, each with 1 and 4 threads, with XNNPACK and without.
        choices: for each dynamic convolution the form that it took and why (`layer`, `form`, `reason`).
        max_absolute_error: `max |keras - tflite|`, over the same.
        outside: what stays outside of XNNPACK in the first size, `{op: {reason: how often}}`.
        latencies: for each signature a `Latency`, taken with one thread and XNNPACK on this machine, in a second at most.
        sizes: for each signature the shapes of the inputs by name.
        meant_for: for a file of integers the hardware that it is for, else empty.

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
    max_absolute_error: float | None = None
    outside: dict | None = None
    latencies: dict = dataclasses.field(default_factory=dict)
    sizes: dict = dataclasses.field(default_factory=dict)
    meant_for: str = ""

    def __str__(self) -> str:
        often_first = sorted(self.ops.items(), key=lambda item: (-item[1], item[0]))
        text = (
            f"{self.path}: {self.size / 1024:.1f} kB, {sum(self.ops.values())} ops\n"
            f"  ops: {', '.join(f'{name} {count}' for name, count in often_first)}\n"
            f"  agrees with Keras on {self.num_inputs} inputs; largest relative error {self.max_relative_error:.2g}"
        )
        if self.max_absolute_error is not None:
            text += f", absolute {self.max_absolute_error:.2g}"
        if self.outside is not None:
            text += "\n  XNNPACK runs all of it" if not self.outside else "\n  outside of XNNPACK:"
        for op, reasons in (self.outside or {}).items():
            text += "".join(f"\n    {op} {count}: {reason}" for reason, count in reasons.items())
        for name, latency in self.latencies.items():
            size = ""
            if len(self.sizes) > 1:
                size = f" of {name!r}, {' '.join('x'.join(map(str, shape)) for shape in self.sizes[name].values())}"
            text += f"\n  one run{size}, one thread: {latency}"
        if self.meant_for:
            text += f"\n  meant for {self.meant_for}"
        by_reason: dict = {}
        for choice in self.choices:
            by_reason.setdefault((choice.form, choice.reason), []).append(choice.layer)
        for (form, reason), layers in by_reason.items():
            more = f" and {len(layers) - 3} more" if len(layers) > 3 else ""
            text += f"\n  {form} in {', '.join(layers[:3])}{more}: {reason}"
        return text
