"""How often a loop of an XLA program runs, where that does not depend on data.

XLA's loops have a condition and a body, and seldom a number. Those of `tf.map_fn` and `tf.while_loop` count in scalars, and
scalars can be followed: condition and body are run on these alone, all arrays left unknown.
"""

import operator

MOST = 1_000_000  # rounds that are followed
COMPARISONS = {
    "LT": operator.lt,
    "LE": operator.le,
    "GT": operator.gt,
    "GE": operator.ge,
    "EQ": operator.eq,
    "NE": operator.ne,
}
SCALAR_OPS: dict = {
    **{"add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "maximum": max, "minimum": min},
    **{"and": operator.and_, "or": operator.or_},
}
SAME = ("copy", "bitcast", "reshape", "convert")


def trips(loop, arguments=()):
    """The number of rounds of a `while` instruction, or None; `arguments` are the values that its computation is given."""
    if loop.known_trips is not None:
        return loop.known_trips
    body, condition = loop.called if loop.called[0].root.shape.dtype == "tuple" else loop.called[::-1]
    state = value_of(loop.operands[0], arguments, {})
    for count in range(MOST):
        going_on = run(condition, [state])
        if going_on is None:
            return None
        if not going_on:
            return count
        state = run(body, [state])
    return None


def run(computation, arguments):
    return value_of(computation.root, arguments, {})


def value_of(instruction, arguments, done):
    """An int, a bool, a list for a tuple, or None where it is not known."""
    if id(instruction) not in done:
        done[id(instruction)] = evaluate(instruction, arguments, done)
    return done[id(instruction)]


def evaluate(instruction, arguments, done):
    op, shape = instruction.opcode, instruction.shape
    if op == "tuple":
        return [value_of(operand, arguments, done) for operand in instruction.operands]
    if op == "get-tuple-element":
        parts = value_of(instruction.operands[0], arguments, done)
        return parts[instruction.tuple_index] if parts is not None else None
    if op == "parameter":
        return arguments[instruction.parameter_number] if instruction.parameter_number < len(arguments) else None
    if shape.dtype != "tuple" and (shape.elements != 1 or shape.is_float):
        return None
    if op == "constant":
        return instruction.scalar
    inputs = [value_of(operand, arguments, done) for operand in instruction.operands]
    if op in ("fusion", "call"):
        return run(instruction.called[0], inputs)
    if None in inputs:
        return None
    if op in SAME:
        return inputs[0]
    if op == "compare":
        return COMPARISONS[instruction.direction](*inputs)
    if op == "not" and shape.dtype == "pred":
        return not inputs[0]
    return SCALAR_OPS[op](*inputs) if op in SCALAR_OPS else None
