"""What the TPU compiler says of a model."""

import dataclasses

from tfdynconv.export.tpu_compiler import Figures


@dataclasses.dataclass(frozen=True)
class TpuReport:
    """The result of `compile_tpu`; printing it gives a few readable lines.

    Attributes:
        topology: the TPU compiled for. All figures are those of one core of it, which computes the whole batch given.
        train: whether it is a training step, or a forward pass.
        input_shapes: of the inputs, the batch first, as text.
        dtype: what the model computes in.
        model: `Figures` of the model: flops, bytes, seconds, memory.
        static: those of the same model with static convolutions, None where there is no such model.
        why_no_static: the reason for that.

    >>> own = Figures(flops=4e9, bytes=2e8, seconds=3e-4, arguments=2**20, outputs=2**20, temporary=2**22)
    >>> static = Figures(flops=3.9e9, bytes=1e8, seconds=2e-4, arguments=2**19, outputs=2**20, temporary=2**20)
    >>> print(TpuReport("v5e:2x2", False, "32x28x28x64", "bfloat16", own, static))
    v5e:2x2, forward pass in bfloat16, inputs 32x28x28x64: compiles
      the compiler's estimate: 0.3 ms, 1.50 times the static model's 0.2 ms
      4 Gflop (static 3.9), 200 MB read and written (static 100)
      memory: arguments and weights 1.0 MiB (static 0.5), outputs 1.0 (1.0), temporary 4.0 (1.0)
    """

    topology: str
    train: bool
    input_shapes: str
    dtype: str
    model: Figures
    static: Figures | None = None
    why_no_static: str | None = None

    @property
    def compiles(self):
        return self.model.error is None

    @property
    def ratio(self):
        """The model's estimated time over its static twin's, None without one."""
        if not self.compiles or self.static is None or not self.static.seconds:
            return None
        return self.model.seconds / self.static.seconds

    def __str__(self) -> str:
        what = f"{'training step' if self.train else 'forward pass'} in {self.dtype}, inputs {self.input_shapes}"
        if not self.compiles:
            return f"{self.topology}, {what}: does not compile\n  {(self.model.error or '').strip()[:1000]}"
        own, static = self.model, self.static
        lines = [f"{self.topology}, {what}: compiles", f"  the compiler's estimate: {1000 * own.seconds:.3g} ms"]
        if static is not None:
            lines[1] += f", {self.ratio:.2f} times the static model's {1000 * static.seconds:.3g} ms"
        flops, moved = (f"{own.flops / 1e9:.3g}", f"{own.bytes / 1e6:.3g}")
        memory = [mib(value) for value in (own.arguments, own.outputs, own.temporary)]
        if static is None:
            lines += [
                f"  {flops} Gflop, {moved} MB read and written",
                f"  memory: arguments and weights {memory[0]} MiB, outputs {memory[1]}, temporary {memory[2]}",
                f"  no static model beside it: {self.why_no_static}",
            ]
        else:
            others = [mib(value) for value in (static.arguments, static.outputs, static.temporary)]
            lines += [
                f"  {flops} Gflop (static {static.flops / 1e9:.3g}), {moved} MB read and written "
                f"(static {static.bytes / 1e6:.3g})",
                f"  memory: arguments and weights {memory[0]} MiB (static {others[0]}), outputs {memory[1]} ({others[1]}), "
                f"temporary {memory[2]} ({others[2]})",
            ]
        for name, figures in (("", own), (" of the static model", static)):
            if figures is not None and figures.uncosted:
                lines.append(f"  {figures.uncosted} op(s){name} the compiler cannot cost: they count as no time")
            if figures is not None and figures.loops:
                lines.append(f"  {figures.loops} loop(s){name}: the estimate counts each body once, so it is too low")
        return "\n".join(lines)


def mib(size):
    return f"{size / 2**20:.1f}"
