"""What XLA made of a model."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class XlaReport:
    """The result of `compile_xla`; printing it gives a few readable lines.

    Attributes:
        device: on which it was compiled and timed, `"CPU"` or `"GPU"`.
        inputs: the shapes that the figures are for, by name.
        train: whether it is a training step.
        compile_seconds: of tracing done before, the first call less one run.
        instructions: how many the optimized program has.
        flops: floating-point operations of a call, counted in the optimized program: 2 for each multiply-add of products and
            convolutions, those with padding not counted; 1 for each element of other arithmetic, functions like `exp` too.
        bytes: what the program's instructions read and write, a fusion being one instruction; caches serve a part of it.
        temporary_bytes: the buffers that XLA allocates for a call beside inputs, weights and outputs. What libraries take
            inside a convolution or product is not among them.
        milliseconds: of a call of the compiled function, the median.
        plain_milliseconds: of a call of the same function as a plain graph, run in turns with the compiled one.
        max_relative_error: `max |plain - compiled| / max |plain|` over all outputs, on random inputs; None for a training step.
        left_out: what the counts of flops and bytes lack, if anything.
        any_batch: whether the function takes other batches than that of `inputs`.

    >>> print(XlaReport("CPU", {"x": (8, 32, 32, 3)}, False, 0.4, 61, 5_200_000, 900_000, 131_072, 1.2, 1.5, 2e-7))
    compiled for CPU in 0.4 s: 61 instructions, inference on x 8x32x32x3
      5.2 MFLOP, 900 kB read and written, 131 kB of temporary buffers
      one call 1.2 ms, 0.80 of the plain graph's 1.5 ms
      differs from the plain graph by 2e-07 of the largest output
    """

    device: str
    inputs: dict
    train: bool
    compile_seconds: float
    instructions: int
    flops: int
    bytes: int
    temporary_bytes: int
    milliseconds: float
    plain_milliseconds: float
    max_relative_error: float | None = None
    left_out: dict = dataclasses.field(default_factory=dict)
    any_batch: bool = False

    @property
    def ratio(self):
        """Time of the compiled function over that of the plain graph."""
        return self.milliseconds / self.plain_milliseconds

    def __str__(self) -> str:
        inputs = ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in self.inputs.items())
        text = (
            f"compiled for {self.device} in {self.compile_seconds:.2g} s: {self.instructions} instructions, "
            f"{'training step' if self.train else 'inference'} on {inputs}{' (any batch works)' if self.any_batch else ''}\n"
            f"  {scaled(self.flops, 'FLOP')}, {scaled(self.bytes, 'B')} read and written, "
            f"{scaled(self.temporary_bytes, 'B')} of temporary buffers\n"
            f"  one call {self.milliseconds:.3g} ms, {self.ratio:.2f} of the plain graph's {self.plain_milliseconds:.3g} ms"
        )
        if self.max_relative_error is not None:
            text += f"\n  differs from the plain graph by {self.max_relative_error:.2g} of the largest output"
        for what, how_often in self.left_out.items():
            text += f"\n  flops and bytes lack {what}{f', {how_often} times' if how_often > 1 else ''}"
        return text


def scaled(value, unit):
    for prefix, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.3g} {prefix}{unit}"
    return f"{value} {unit}"
