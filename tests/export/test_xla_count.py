"""Flops and bytes of programs whose costs are known, and the lengths of loops."""

import itertools

import pytest
import tensorflow as tf

from tfdynconv.export.xla_count import count
from tfdynconv.export.xla_program import Program, temporary_bytes


def compiled(function, *tensors):
    run = tf.function(function, jit_compile=True, autograph=False)
    return run.experimental_get_compiler_ir(*tensors)


def program(function, *tensors):
    return Program(compiled(function, *tensors)(stage="optimized_hlo_serialized"))


def f32(*shape):
    return tf.ones(shape)


def pairs(size, taps, stride, dilation, before, outputs):
    """(output, tap) pairs of one axis that meet a cell."""
    return sum(
        0 <= o * stride + t * dilation - before < size for o, t in itertools.product(range(outputs), range(taps))
    )


CONVOLUTIONS = {
    "valid": ({"padding": "VALID"}, pairs(9, 3, 1, 1, 0, 7) * pairs(8, 2, 1, 1, 0, 7)),
    "same": ({"padding": "SAME"}, pairs(9, 3, 1, 1, 1, 9) * pairs(8, 2, 1, 1, 0, 8)),
    "strides": ({"padding": "SAME", "strides": 2}, pairs(9, 3, 2, 1, 1, 5) * pairs(8, 2, 2, 1, 0, 4)),
    "dilations": ({"padding": "SAME", "dilations": 2}, pairs(9, 3, 1, 2, 2, 9) * pairs(8, 2, 1, 2, 1, 8)),
}


@pytest.mark.parametrize("arguments, taken", CONVOLUTIONS.values(), ids=CONVOLUTIONS)
def test_a_convolution(arguments, taken):
    arguments = {"strides": 1, **arguments}
    total = count(program(lambda x, k: tf.nn.conv2d(x, k, **arguments), f32(5, 9, 8, 3), f32(3, 2, 3, 4)))
    assert total.flops == 2 * 5 * 3 * 4 * taken and not total.left_out


def test_groups():
    total = count(program(lambda x, k: tf.nn.conv2d(x, k, 1, "VALID"), f32(5, 9, 8, 6), f32(3, 3, 2, 12)))
    assert total.flops == 2 * 5 * 2 * 12 * 7 * 6 * 9


def test_a_gradient_meets_no_holes():
    """Of an input with stride 2: the zeros between its cells are no work."""

    def gradient(y, k):
        return tf.nn.conv2d_transpose(y, k, [2, 9, 9, 3], 2, "VALID")

    assert count(program(gradient, f32(2, 4, 4, 5), f32(3, 3, 3, 5))).flops == 2 * 2 * 4 * 4 * 9 * 3 * 5


def test_a_product():
    total = count(program(lambda a, b: tf.matmul(a, b), f32(7, 4, 5), f32(7, 5, 6)))
    assert total.flops == 2 * 7 * 4 * 5 * 6
    assert total.bytes == 4 * 7 * (4 * 5 + 5 * 6 + 4 * 6)


def test_arithmetic_and_a_sum():
    """One flop an element; the sum of n numbers is n - 1 additions, and a fusion reads its inputs once."""
    total = count(program(lambda x: tf.reduce_sum(tf.exp(x) * x), f32(6, 10)))
    assert total.flops == 60 + 60 + 59
    total = count(program(lambda x: tf.exp(x) * x + x, f32(6, 10)))
    assert (total.flops, total.bytes) == (180, 2 * 4 * 60)


def test_integers_are_no_flops():
    assert count(program(lambda x: x * x + x, tf.ones([6, 10], tf.int32))).flops == 0


def test_a_loop_counts_as_often_as_it_runs():
    def run(x, k):
        return tf.map_fn(lambda pair: tf.matmul(*pair), (x, k), fn_output_signature=tf.float32)

    once = 2 * 8 * 9 * 10
    for batch in (2, 5):
        total = count(program(run, f32(batch, 8, 9), f32(batch, 9, 10)))
        assert total.flops == batch * once and not total.left_out
        slices = batch * 4 * (8 * 9 + 9 * 10 + 8 * 10)  # each is read or written where it stands, and for the product
        assert slices < total.bytes < 4 * slices


def test_a_small_loop_which_xla_puts_into_a_function_of_its_own():
    def run(x):
        return tf.map_fn(lambda y: tf.matmul(y, y), x)

    assert count(program(run, f32(5, 2, 2))).flops == 5 * 2 * 2**3


def test_a_loop_by_steps_and_backwards():
    def run(x):
        return tf.while_loop(lambda i, _: i > 3, lambda i, y: (i - 4, tf.matmul(y, y)), (21, x))[1]

    assert count(program(run, f32(8, 8))).flops == 5 * 2 * 8**3


def test_a_loop_of_a_length_that_depends_on_data_is_said_to_be_left_out():
    def run(x, n):
        return tf.while_loop(lambda i, _: i < n, lambda i, y: (i + 1, tf.matmul(y, y)), (0, x))[1]

    total = count(program(run, f32(8, 8), tf.constant(3)))
    assert total.flops == 2 * 8**3
    assert dict(total.left_out) == {"all rounds but one of a loop whose length depends on data": 1}


def test_a_slice_reads_no_more_than_it_gives():
    total = count(program(lambda x, i: tf.exp(x[i]), f32(100, 40), tf.constant(3)))
    assert 2 * 4 * 40 <= total.bytes < 1000


def test_temporary_bytes():
    """The product of two products needs room for one of them: the other's is that of the output, or is there too."""

    def run(x):
        return tf.reduce_sum(tf.matmul(x @ x, tf.exp(x) @ x))

    one = 4 * 64 * 64
    room = temporary_bytes(compiled(run, f32(64, 64))(stage="optimized_hlo_proto_serialized"))
    assert 2 * one <= room <= 5 * one
    assert temporary_bytes(compiled(lambda x: x + 1.0, f32(64, 64))(stage="optimized_hlo_proto_serialized")) == 0


def test_the_counter_reads_what_xla_prints():
    """Names, ops and sizes of all instructions, against the text of the same program."""
    ir = compiled(lambda x, k: tf.nn.relu(tf.nn.conv2d(x, k, 2, "SAME")), f32(2, 9, 9, 3), f32(3, 3, 3, 4))
    text, read = ir(stage="optimized_hlo"), Program(ir(stage="optimized_hlo_serialized"))
    assert read.size == sum(" = " in line for line in text.splitlines())
    for computation in read.computations:
        for instruction in computation.instructions:
            sizes = ",".join(map(str, instruction.shape.sizes))
            kind = {"tuple": "("}.get(instruction.shape.dtype, f"{instruction.shape.dtype}[{sizes}]")
            assert f"%{instruction.name} = {kind}" in text and f" {instruction.opcode}(" in text


def test_a_loop_from_below_zero():
    """Numbers that a message writes in many bytes."""

    def run(x):
        return tf.while_loop(lambda i, _: i < 70_000, lambda i, y: (i + 1000, tf.matmul(y, y)), (-300, x))[1]

    assert count(program(run, f32(2, 2))).flops == 71 * 2 * 2**3
