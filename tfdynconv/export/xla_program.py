"""A compiled XLA program, as XLA itself stores it: its instructions, read from the bytes of an `HloModuleProto`.

TensorFlow gives these bytes (`experimental_get_compiler_ir`) and no class to read them with. Protocol buffers are a simple and
stable format, and of XLA's messages only the fields that are named here are needed.
"""

import collections
import dataclasses
import functools
import json
import math

# PrimitiveType in XLA's xla_data.proto: name and bytes of an element
TYPES = {
    1: ("pred", 1),
    **{2 + i: (f"s{8 << i}", 1 << i) for i in range(4)},
    **{6 + i: (f"u{8 << i}", 1 << i) for i in range(4)},
    **{10: ("f16", 2), 11: ("f32", 4), 12: ("f64", 8), 15: ("c64", 8), 16: ("bf16", 2), 18: ("c128", 16)},
}
TUPLE, OTHER = 13, ("other", 1)  # the rest are floats of 8 bits, and tokens without elements


def fields(message):
    """`{field number: values}`; what has a length of its own (strings, messages, packed numbers) stays bytes."""
    found, at = collections.defaultdict(list), 0
    while at < len(message):
        key, at = varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = varint(message, at)
        else:
            size, at = varint(message, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
            value, at = message[at : at + size], at + size
        found[number].append(value)
    return found


def varint(message, at):
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value - (1 << 64) if value >> 63 else value, at


def numbers(values):
    """A repeated number, packed into bytes or not."""
    found = []
    for value in values:
        if isinstance(value, int):
            found.append(value)
            continue
        at = 0
        while at < len(value):
            number, at = varint(value, at)
            found.append(number)
    return found


def one(values, default=0):
    return values[-1] if values else default


@dataclasses.dataclass(frozen=True)
class Shape:
    """Of an array, or of a tuple of `parts`."""

    dtype: str
    sizes: tuple
    item_bytes: int
    parts: tuple = ()

    @classmethod
    def of(cls, message):
        f = fields(message)
        kind = one(f[2])
        if kind == TUPLE:
            return cls("tuple", (), 0, tuple(map(cls.of, f[4])))
        return cls(TYPES.get(kind, OTHER)[0], tuple(numbers(f[3])), TYPES.get(kind, OTHER)[1])

    @property
    def elements(self):
        return math.prod(self.sizes)

    @property
    def bytes(self):
        return sum(part.bytes for part in self.parts) if self.dtype == "tuple" else self.elements * self.item_bytes

    @property
    def is_float(self):
        return self.dtype.startswith(("f", "bf", "c", "other"))


class Instruction:
    """`operands` are instructions of the same computation, `called` computations; the rest is read where it is asked for."""

    def __init__(self, message):
        self.fields = f = fields(message)
        self.name, self.opcode = one(f[1], b"").decode(), one(f[2], b"").decode()
        self.shape = Shape.of(one(f[3], b""))
        self.id, self.operand_ids, self.called_ids = one(f[35]), numbers(f[36]), numbers(f[38])
        self.operands, self.called = [], []

    parameter_number = property(lambda self: one(self.fields[9]))
    tuple_index = property(lambda self: one(self.fields[13]))
    direction = property(lambda self: one(self.fields[63], b"").decode())
    target = property(lambda self: one(self.fields[28], b"").decode())
    contracted = property(lambda self: numbers(fields(one(self.fields[30], b""))[1]))
    batch_group_count = property(lambda self: one(self.fields[52], 1))
    window = property(lambda self: [fields(dimension) for dimension in fields(one(self.fields[15], b""))[1]])

    @property
    def known_trips(self):
        """The rounds of a loop, where XLA has noted them in its JSON."""
        noted = json.loads(one(self.fields[43], b"") or b"{}").get("known_trip_count")
        return int(noted["n"]) if noted else None

    @functools.cached_property
    def axes(self):
        """A convolution's `ConvolutionDimensionNumbers`."""
        return fields(one(self.fields[16], b""))

    @property
    def scalar(self):
        """The value of an integer constant of one element, else None."""
        if self.opcode != "constant" or self.shape.elements != 1 or not self.fields[8]:
            return None
        literal = fields(self.fields[8][0])
        return one(numbers(literal[{"s32": 4, "s64": 5}.get(self.shape.dtype, -1)]), None)


class Computation:
    def __init__(self, message):
        f = fields(message)
        self.id = one(f[5])
        self.instructions = [Instruction(part) for part in f[2]]
        named = {instruction.id: instruction for instruction in self.instructions}
        for instruction in self.instructions:
            instruction.operands = [named[i] for i in instruction.operand_ids]
        self.root = named[one(f[6])]
        inputs = [i for i in self.instructions if i.opcode == "parameter"]
        self.parameters = sorted(inputs, key=lambda i: i.parameter_number)

    def users(self, instruction):
        """Pairs of a user and the place that the instruction has among its operands."""
        return [(u, at) for u in self.instructions for at, operand in enumerate(u.operands) if operand is instruction]


class Program:
    """All computations, and the `entry`, from which the others are called."""

    def __init__(self, serialized):
        module = fields(serialized)
        computations = {c.id: c for c in map(Computation, module[3])}
        for computation in computations.values():
            for instruction in computation.instructions:
                instruction.called = [computations[i] for i in instruction.called_ids]
        self.computations = list(computations.values())
        self.entry = computations[one(module[6])]

    @property
    def size(self):
        """The number of instructions."""
        return sum(len(computation.instructions) for computation in self.computations)


def temporary_bytes(serialized):
    """Of an `HloProto`, the buffers that are neither parameters, constants, outputs, nor on the stack of a thread.

    (This message has its module too, but in some versions of TensorFlow without the values of constants.)
    """
    kept = {3: "thread local", 5: "parameter", 7: "output", 12: "constant"}
    buffers = [fields(buffer) for buffer in fields(one(fields(serialized)[3], b""))[3]]
    return sum(one(buffer[2]) for buffer in buffers if not any(one(buffer[number]) for number in kept))
