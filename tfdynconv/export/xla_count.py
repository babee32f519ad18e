"""What an XLA program computes and moves: floating-point operations and bytes, counted from its instructions."""

import collections
import dataclasses
import math

from tfdynconv.export.xla_loops import trips, value_of
from tfdynconv.export.xla_program import numbers, one

ARITHMETIC = {
    *("add", "subtract", "multiply", "divide", "remainder", "power", "maximum", "minimum", "negate", "abs", "sign"),
    *(
        "exponential",
        "exponential-minus-one",
        "log",
        "log-plus-one",
        "logistic",
        "tanh",
        "sqrt",
        "rsqrt",
        "cbrt",
        "erf",
    ),
    *("sine", "cosine", "tan", "atan2", "floor", "ceil", "round-nearest-afz", "round-nearest-even"),
}
FREE = {"parameter", "constant", "tuple", "get-tuple-element", "bitcast", "after-all", "opt-barrier", "partition-id"}
SLICES = ("slice", "dynamic-slice", "gather")


@dataclasses.dataclass
class Count:
    """`left_out` tells, by kind, what could not be counted; the numbers are then less than the truth."""

    flops: int = 0
    bytes: int = 0
    left_out: collections.Counter = dataclasses.field(default_factory=collections.Counter)


def count(program):
    """The `Count` of a `Program`.

    `flops`: 2 for each multiply-add of a product or convolution, those with padding not counted; 1 for each element of other
    floating-point arithmetic, functions like `exp` too. `bytes`: what each instruction reads and writes, a fusion being one
    instruction, a slice reading no more than it gives. A loop counts as often as it runs, of branches the dearest.
    """
    total = Count()
    total.flops, total.bytes = costs(program.entry, total.left_out)
    return total


def costs(computation, left_out, arguments=()):
    """(flops, bytes); of the `arguments` that it is called with, those that are known numbers tell the lengths of loops."""
    flops = moved = 0
    for instruction in computation.instructions:
        f, b = cost(instruction, left_out, arguments)
        flops, moved = flops + f, moved + b
    return flops, moved


def cost(instruction, left_out, arguments):
    """(flops, bytes) of one instruction outside of fusions."""
    op = instruction.opcode
    if op in FREE:
        return 0, 0
    if op == "while":
        rounds = trips(instruction, arguments)
        if rounds is None:
            left_out["all rounds but one of a loop whose length depends on data"] += 1
        parts = [costs(called, left_out) for called in instruction.called]
        return tuple((1 if rounds is None else rounds) * sum(part) for part in zip(*parts))
    if op == "conditional":
        return max(costs(called, left_out) for called in instruction.called)
    if op == "call":
        known = [value_of(operand, arguments, {}) for operand in instruction.operands]
        return costs(instruction.called[0], left_out, known)
    if op == "custom-call":
        left_out[f"the arithmetic of {instruction.target}"] += 1
    if op == "fusion":
        fused = instruction.called[0]
        return sum(flops_of(inner, left_out) for inner in fused.instructions), fusion_bytes(instruction, fused)
    return flops_of(instruction, left_out), bytes_of(instruction)


def flops_of(instruction, left_out):
    op, out = instruction.opcode, instruction.shape
    if op == "dot":
        inputs = instruction.operands[0].shape.sizes
        return 2 * out.elements * math.prod(inputs[axis] for axis in instruction.contracted)
    if op == "convolution":
        return 2 * multiply_adds(instruction)
    if op in ("reduce", "reduce-window"):
        results = out.parts or (out,)
        inputs = instruction.operands[0].shape.elements
        if op == "reduce-window":
            inputs = results[0].elements * math.prod(one(d[1]) for d in instruction.window)
        applied = sum(flops_of(inner, left_out) for inner in instruction.called[0].instructions)
        return applied * (inputs - results[0].elements)
    if op == "fusion":
        return sum(flops_of(inner, left_out) for inner in instruction.called[0].instructions)
    return out.elements if op in ARITHMETIC and out.is_float else 0


def multiply_adds(convolution):
    """Pairs of an output and a tap that meets a cell of the input, neither padding nor a hole of its dilation."""
    image, kernel = (operand.shape.sizes for operand in convolution.operands)
    axes, out = convolution.axes, convolution.shape.sizes
    channels, filters, images = kernel[one(axes[3])], out[one(axes[10])], image[one(axes[7])]
    pairs = 1
    for window, size, outputs in zip(convolution.window, at(image, axes[11]), at(out, axes[12])):
        taps, stride, before = one(window[1]), one(window[2], 1), one(window[3])
        spread, holes = one(window[5], 1), one(window[6], 1)
        cells = {cell * holes for cell in range(size)}
        pairs *= sum(o * stride + t * spread - before in cells for o in range(outputs) for t in range(taps))
    return channels * filters * images // convolution.batch_group_count * pairs


def at(sizes, packed):
    return [sizes[axis] for axis in numbers(packed)]


def bytes_of(instruction):
    if instruction.opcode in SLICES:
        return 2 * instruction.shape.bytes + sum(operand.shape.bytes for operand in instruction.operands[1:])
    if instruction.opcode == "dynamic-update-slice":  # in place
        return 2 * instruction.operands[1].shape.bytes
    return instruction.shape.bytes + sum(operand.shape.bytes for operand in instruction.operands)


def fusion_bytes(instruction, fused):
    read = sum(read_bytes(parameter, fused) for parameter in fused.parameters)
    roots = fused.root.operands if fused.root.opcode == "tuple" else [fused.root]
    return read + sum(written_bytes(root) for root in roots)


def read_bytes(value, fused):
    """What of a fusion's parameter is read: the slices, if it is only sliced."""
    total = 0
    for user, place in fused.users(value):
        if user.opcode == "bitcast":
            total += read_bytes(user, fused)
        elif user.opcode in SLICES and place == 0:
            total += user.shape.bytes
        elif user.opcode == "dynamic-update-slice" and place == 0:
            pass  # written in place
        else:
            total += value.shape.bytes
    return min(total, value.shape.bytes)


def written_bytes(root):
    while root.opcode == "bitcast":
        root = root.operands[0]
    return root.operands[1].shape.bytes if root.opcode == "dynamic-update-slice" else root.shape.bytes
