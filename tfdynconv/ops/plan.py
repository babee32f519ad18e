"""The plan: which lowering computes a per-sample convolution, by place and shape, and how to overrule it."""

import contextlib
import dataclasses
import threading
import typing

from tfdynconv.ops import place as places
from tfdynconv.ops import plan_cost
from tfdynconv.ops.geometry import cells
from tfdynconv.ops.lowerings import compiled, depthwise, native
from tfdynconv.ops.lowerings.at_least_one import AtLeastOne
from tfdynconv.ops.lowerings.chunks import Chunks, CompiledChunks, samples_a_chunk
from tfdynconv.ops.lowerings.each import Each
from tfdynconv.ops.lowerings.grouped import Grouped, GroupedForTpu, GroupedNative
from tfdynconv.ops.lowerings.loop import CompiledLoop, Loop
from tfdynconv.ops.lowerings.matmul import Matmul
from tfdynconv.ops.lowerings.rows import Rows
from tfdynconv.ops.lowerings.taps import Taps
from tfdynconv.ops.lowerings.unrolled import Unrolled
from tfdynconv.ops.lowerings.vectorized import Vectorized

LOWERINGS = {
    "conv": {
        "loop": Loop(native),
        "loop_compiled": AtLeastOne(CompiledLoop(compiled)),
        "grouped": AtLeastOne(Grouped()),
        "grouped_native": AtLeastOne(GroupedNative()),
        "grouped_tpu": AtLeastOne(GroupedForTpu()),
        "matmul": Matmul(),
        "rows": Rows(),
        "unrolled": AtLeastOne(Unrolled(native)),
        "vectorized": AtLeastOne(Vectorized(native)),
    },
    "depthwise": {
        "loop": Loop(depthwise),
        "loop_compiled": AtLeastOne(CompiledLoop(depthwise)),
        "grouped": AtLeastOne(depthwise.MergedDepthwise()),
        "matmul": depthwise.ShiftedDepthwise(),
        "unrolled": AtLeastOne(Unrolled(depthwise)),
        "vectorized": AtLeastOne(Vectorized(depthwise)),
    },
}
NAMES = ("auto", "loop", "grouped", "matmul", "unrolled", "vectorized")
FEW_SAMPLES = 3  # each chunk reads the whole bank: with fewer samples to a chunk that takes longer than convolving
_overrides = threading.local()


@dataclasses.dataclass(frozen=True)
class Case:
    """What a rule may look at: `pixels`, the output cells of a sample, is None where unknown; `stride` is the largest;
    `is_narrow` means numbers of 16 bits; the convolution's own input and output have `cells_in` and `cells_out`."""

    kind: str
    kernel_size: tuple
    pixels: typing.Optional[int]
    is_dilated: bool = False
    stride: int = 1
    is_narrow: bool = False
    channels: int = 64
    filters: int = 64
    cells_in: typing.Optional[int] = None
    cells_out: typing.Optional[int] = None

    @classmethod
    def of(cls, kind, kernels, pixels, geometry, cells_in=None, cells_out=None):
        """`kernels` are those of the samples, or a bank of them."""
        kernel_size, (channels, filters) = tuple(kernels.shape[1:-2]), kernels.shape[-2:]
        stride, is_narrow = max(geometry.strides), kernels.dtype.size < 4
        return cls(
            kind,
            kernel_size,
            pixels,
            geometry.is_dilated,
            stride,
            is_narrow,
            channels,
            filters,
            cells_in,
            pixels if cells_out is None else cells_out,
        )

    @property
    def rank(self):
        return len(self.kernel_size)

    @property
    def is_pointwise(self):
        return all(k == 1 for k in self.kernel_size)

    @property
    def has_few_pixels(self):
        """So that patches are small beside kernels; at larger strides the input's gradient would be mostly zeros."""
        return self.pixels is not None and self.pixels <= 64 and self.stride <= 2

    @property
    def has_few_rows(self):
        """At more pixels a network pays for moving them into a product's layout and back: 9.6 against 6.5 ms."""
        return self.pixels is not None and self.pixels <= 256

    @property
    def is_small_3d(self):
        """Patches are many times the input: 16 cells a side is as far as was measured."""
        return self.rank == 3 and self.pixels is not None and self.pixels <= 16**3 and self.stride <= 2

    @property
    def is_dilated_3d(self):
        return self.is_dilated and self.rank == 3


def always(case):
    return True


LEAST = "least"  # no lowering's name: each function of the convolution by the one of the least estimate (plan_cost.py)
# The first rule of the place and kind that holds decides. The last column says what was measured (benchmarks/NOTES.md).
RULES = [
    ("cpu", "conv", lambda c: c.is_dilated_3d, "matmul", "TensorFlow has no dilated 3-D convolution on a CPU"),
    ("cpu", "conv", lambda c: c.is_small_3d, "matmul", "0.4 to 0.7 of the loop's time in training"),
    ("cpu", "conv", lambda c: c.rank == 3, "loop", "patches of larger volumes are too many"),
    (
        "cpu",
        "conv",
        lambda c: c.is_narrow,
        "loop",
        "a CPU multiplies in 16 bits slowly; the loop widens a sample at a time",
    ),
    ("cpu", "conv", lambda c: c.stride > 1, "loop", "slices with strides: matmul takes 2 to 9 times the loop's time"),
    ("cpu", "conv", always, LEAST, "python -m benchmarks.plan"),
    ("cpu", "depthwise", always, "loop", "no transposes of input and output"),
    (
        "cpu_xla",
        "conv",
        lambda c: c.rank == 3 and (c.is_pointwise or c.has_few_pixels),
        "matmul",
        "few patches or none",
    ),
    ("cpu_xla", "conv", lambda c: c.rank == 3, "loop_compiled", "grouped moves kernels into XLA's layout"),
    ("cpu_xla", "conv", always, LEAST, "python -m benchmarks.plan"),
    ("cpu_xla", "depthwise", always, "matmul", "shifted multiply-adds fuse; depthwise gradients do not"),
    ("gpu", "conv", lambda c: c.is_pointwise, "matmul", "one batched matrix product"),
    ("gpu", "conv", lambda c: c.is_dilated_3d, "grouped", "no native gradient of dilated 3-D kernels"),
    ("gpu", "conv", always, "grouped_native", "cuDNN and XLA have gradients of grouped convolutions there"),
    ("gpu", "depthwise", always, "grouped", "one depthwise convolution"),
    ("tpu", "conv", lambda c: c.is_pointwise and c.has_few_rows, "matmul", "estimates 1.5 / 1.6 against 1.8 / 2.3"),
    ("tpu", "conv", lambda c: c.is_dilated_3d, "grouped", "no native gradient of dilated 3-D kernels"),
    ("tpu", "conv", always, "grouped_tpu", "the compiler's estimate for training: 197 against 235 microseconds"),
    ("tpu", "depthwise", always, "matmul", "shifted multiply-adds fuse: 0.3 / 2.4 against 2.6 / 4.2"),
    ("tflite", "conv", always, "rows", "XNNPACK takes no convolution with a computed kernel"),
    ("tflite", "depthwise", always, "grouped", "one DEPTHWISE_CONV_2D, without transposes at batch 1"),
]


@contextlib.contextmanager
def lowering(name):
    """Overrule the plan for everything traced or run inside the `with` block.

    A layer's or op's own `lowering` argument, where it is not `"auto"`, is the more specific and wins.

    >>> import tensorflow as tf, tfdynconv
    >>> x, k = tf.ones([2, 8, 8, 3]), tf.ones([2, 3, 3, 3, 4])
    >>> with tfdynconv.lowering("grouped"):
    ...     y = tfdynconv.ops.per_sample_conv(x, k)
    >>> y.shape
    TensorShape([2, 6, 6, 4])

    Raises: `ValueError` for an unknown name.
    """
    check_name(name, "tfdynconv.lowering")
    before = getattr(_overrides, "name", "auto")
    _overrides.name = name
    try:
        yield
    finally:
        _overrides.name = before


def check_name(name, caller, extra=()):
    if name not in NAMES + tuple(extra):
        raise ValueError(
            f"{caller}: unknown lowering. Expected one of {', '.join(NAMES + tuple(extra))}. Received: lowering={name!r}."
        )


def requested(name):
    """The lowering asked for by argument or by scope."""
    return name if name != "auto" else getattr(_overrides, "name", "auto")


def phone_form(name, kind, forms, **size):
    """`"matmul"` or `"constant"` where an export leaves the choice to the plan, else None: the op goes on as everywhere."""
    phone = places.phone()
    return phone.choose(kind, forms, **size) if phone is not None and requested(name) == "auto" else None


def rule_for(place, case):
    """The name of the lowering that the table gives for a place and shape, or `LEAST`."""
    for where, kind, holds, name, _ in RULES:
        if where == place and kind == case.kind and holds(case):
            return name
    raise ValueError(f"tfdynconv plan: no rule for {place!r} and {case}.")


def by_rule(place, case):
    """The lowering for a place and shape."""
    table, name = LOWERINGS[case.kind], rule_for(place, case)
    if name != LEAST:
        return table[name]
    names = plan_cost.least(place, case)
    return table[names[0]] if len(set(names)) == 1 else Each(tuple(table[name] for name in names))


def choose(name, case, tensor, caller):
    """The lowering object for a request (`"auto"` or a name), here and now."""
    check_name(name, caller)
    table = LOWERINGS[case.kind]
    place = places.current(tensor)
    name = requested(name)
    if name != "auto":
        refuse_unfit(name, case, place, caller)
        return forced(name, case, place, table)
    if place is not None:
        return by_rule(place, case)
    on_gpu = by_rule("gpu", case) if places.compiled_place() == "gpu" else None
    return places.ByDevice(by_rule("cpu", case), by_rule("cpu_xla", case), on_gpu)


def choose_chunks(name, inputs, bank, geometry, groups):
    """How to mix a part of the kernels at a time, where they are large and a CPU runs them; otherwise None."""
    place = places.current(inputs)
    chunk = samples_a_chunk(bank)
    if requested(name) != "auto" or not chunk or inputs.shape[0] == 1 or groups > 1 or geometry.rank == 1:
        return None
    if place not in (None, "cpu", "cpu_xla") or places.compiled_place() != "cpu_xla":
        return None
    pixels = cells(geometry.output_size(inputs.shape[1:-1], bank.shape[1:-2]))
    case = Case.of("conv", bank, pixels, geometry, cells(inputs.shape[1:-1]))
    # a CPU multiplies in 16 bits slowly; chunks widen a sample at a time
    if not case.is_narrow and (case.has_few_pixels or chunk <= FEW_SAMPLES):
        return Taps()
    if inputs.shape[0] is not None and inputs.shape[0] <= chunk:
        return None
    plain, compiled = Chunks(by_rule("cpu", case)), CompiledChunks(by_rule("cpu_xla", case))
    return {"cpu": plain, "cpu_xla": compiled, None: places.ByDevice(plain, compiled)}[place]


def forced(name, case, place, table):
    """The form of a forced lowering that fits the place."""
    if name in ("loop", "unrolled"):
        if place is None:
            return places.ByDevice(table[name], table["loop_compiled"])
        return table["loop_compiled" if place in ("cpu_xla", "gpu", "tpu") else name]
    native_gradient = place in ("gpu", "tpu") and case.kind == "conv" and not case.is_dilated_3d
    if name == "grouped" and native_gradient:
        return table["grouped_native" if place == "gpu" else "grouped_tpu"]
    return table[name]


def refuse_unfit(name, case, place, caller):
    """A forced lowering that cannot serve the place is an error, never a silent substitute."""
    reason = None
    if name in ("unrolled", "vectorized") and place == "tflite":
        reason = "its while loop does not convert"
    elif name == "grouped" and case.rank == 3 and place in ("cpu", None):
        reason = "TensorFlow has no grouped 3-D convolution on a CPU outside XLA"
    if reason:
        raise ValueError(
            f"{caller}: lowering={name!r} cannot be used here (place: {place or 'a graph on this machine'}): {reason}. "
            "Use lowering='auto'."
        )
