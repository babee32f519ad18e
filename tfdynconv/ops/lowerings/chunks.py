"""Chunks: mix and convolve a few samples' kernels at a time, so that those of the whole batch never exist.

Where a kernel has megabytes and the image few pixels (7x7 with 256 channels: 75 MB of kernels for a batch of 32), most of
the time goes into fetching fresh memory for the kernels and moving them through it. A chunk's kernels stay in cache.
"""

import tensorflow as tf

from tfdynconv.ops.mixing import bank_gradient, coefficient_gradient, mix

CHUNK_BYTES = 1 << 24
LARGE_KERNEL_BYTES = 1 << 20  # below, the kernels of the whole batch are written faster than a loop is run


def samples_a_chunk(bank):
    """How many kernels of the bank make a chunk; 0 where chunks do not pay."""
    kernel_bytes = bank.shape[1:].num_elements() * bank.dtype.size
    return CHUNK_BYTES // kernel_bytes or 1 if kernel_bytes >= LARGE_KERNEL_BYTES else 0


class Chunks:
    """A per-sample lowering whose kernels are mixed inside the loop over chunks."""

    def __init__(self, lowering):
        self.lowering = lowering

    def conv(self, x, bank, coefficients, geometry):
        def part(x, a):
            return self.lowering.conv(x, mix(bank, a), geometry)

        return self.run(part, x, coefficients, samples_a_chunk(bank))

    def input_grad(self, y, bank, coefficients, geometry, input_size):
        def part(y, a):
            return self.lowering.input_grad(y, mix(bank, a), geometry, input_size)

        return self.run(part, y, coefficients, samples_a_chunk(bank))

    def mixture_grads(self, x, y, bank, coefficients, geometry):
        kernels = self.lowering.kernel_grad(x, y, geometry, tuple(bank.shape[1:-2]))
        kernels.set_shape([x.shape[0], *bank.shape[1:]])
        per_filter = coefficients.shape[2] if coefficients.shape.rank == 3 else None
        return bank_gradient(coefficients, kernels, bank.shape), coefficient_gradient(bank, kernels, per_filter)

    def run(self, part, tensor, coefficients, chunk):
        """`part` over slices of both arguments; the last may be shorter."""
        batch = tf.shape(tensor)[0]
        count = tf.maximum((batch + chunk - 1) // chunk, 1)  # an empty batch is one empty chunk
        results = tf.TensorArray(tensor.dtype, size=count, infer_shape=False)

        def body(i, results):
            window = slice(i * chunk, tf.minimum((i + 1) * chunk, batch))
            return i + 1, results.write(i, part(tensor[window], coefficients[window]))

        _, results = tf.while_loop(lambda i, _: i < count, body, (0, results), parallel_iterations=1)
        return results.concat()


class CompiledChunks(Chunks):
    """For XLA, whose loops need slices of one size: the batch is padded to whole chunks."""

    def run(self, part, tensor, coefficients, chunk):
        batch = tf.shape(tensor)[0]
        count = tf.maximum((batch + chunk - 1) // chunk, 1)  # its loop needs one

        def whole_chunks(t):
            padded = tf.pad(t, [[0, count * chunk - batch]] + [[0, 0]] * (t.shape.rank - 1))
            apart = tf.reshape(padded, tf.concat([[count, chunk], tf.shape(t)[1:]], 0))
            apart.set_shape([None, chunk, *t.shape[1:]])
            return apart

        parts = (whole_chunks(tensor), whole_chunks(coefficients))
        results = tf.map_fn(lambda arguments: part(*arguments), parts, fn_output_signature=tensor.dtype)
        return tf.reshape(results, tf.concat([[count * chunk], tf.shape(results)[2:]], 0))[:batch]
