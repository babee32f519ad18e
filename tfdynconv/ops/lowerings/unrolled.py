"""Unrolled: blocks of samples, each sample's convolution an op of the graph itself.

TensorFlow gives the convolutions of a graph to oneDNN, but not those of the function that `MapDefun` calls (`loop`). So where
oneDNN is far ahead of Eigen, as with AVX-512 and large maps, this is faster, and where it is not, slower: a while loop
takes whole blocks, a second one what is left over, sample by sample. A graph of its own grows with the block.
"""

import tensorflow as tf

from tfdynconv.ops.lowerings.loop import Loop, per_sample_function

BLOCK = 8  # from here to 32 the time is the same


class Unrolled(Loop):
    """The three functions of `primitive`; a graph's alone, eagerly each op would wait for the one before."""

    def run(self, name, arguments, geometry, extra, captured=()):
        if tf.executing_eagerly() or arguments[0].shape[0] == 1:
            return super().run(name, arguments, geometry, extra, captured)
        one = per_sample_function(self.primitive, name, geometry, extra)

        def block(first, samples):
            a, b = (tf.split(tensor[first : first + samples], samples) for tensor in arguments)
            results = [one(x[0], k[0], *captured)[tf.newaxis] for x, k in zip(a, b)]
            return tf.concat(results, 0) if samples > 1 else results[0]

        batch = tf.shape(arguments[0])[0]
        whole = batch // BLOCK
        results = tf.TensorArray(arguments[0].dtype, size=whole + batch % BLOCK, infer_shape=False)

        def add_block(i, results):
            return i + 1, results.write(i, block(i * BLOCK, BLOCK))

        def add_sample(i, results):
            return i + 1, results.write(i - whole * (BLOCK - 1), block(i, 1))

        _, results = tf.while_loop(lambda i, _: i < whole, add_block, (0, results))
        _, results = tf.while_loop(lambda i, _: i < batch, add_sample, (whole * BLOCK, results))
        return results.concat()
