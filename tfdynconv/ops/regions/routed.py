"""Each pixel once: its patch meets the kernel of its own region alone (CPU).

Within a sample the pixels of a region are gathered into one matrix and multiplied by the region's kernel. The guide's
gradient alone needs the response of every region at every pixel; it is added up one region after the other.
"""

import functools

import tensorflow as tf

from tfdynconv.ops.geometry import spatial_size
from tfdynconv.ops.hard_assignment import softmax_gradient
from tfdynconv.ops.lowerings.matmul import patches
from tfdynconv.ops.regions.patches_gradient import patches_gradient


def conv(x, kernels, regions, geometry):
    """`regions [batch, *output space]`, int32."""
    (outputs,) = map_samples(one_conv, (x, kernels, regions), (geometry,))
    return outputs


def gradients(x, kernels, guide, cotangent, geometry, use_alpha):
    """(for x, for the kernels), each pixel in its own region alone."""
    for_x, for_kernels = map_samples(one_gradient, (x, kernels, regions_of(guide), cotangent), (geometry,))
    if use_alpha:
        static = (geometry, tuple(kernels.shape[1:]))
        (for_kernels,) = map_samples(one_alpha_gradient, (x, tf.cast(tf.nn.softmax(guide), x.dtype), cotangent), static)
    return for_x, for_kernels


def guide_gradient(x, kernels, guide, cotangent, geometry, beta):
    """The softmax's, of the product of the cotangent with every region's output."""
    (products,) = map_samples(one_response, (x, kernels, cotangent), (geometry,))
    return softmax_gradient(guide, tf.cast(products, guide.dtype), beta)


def regions_of(guide):
    return tf.argmax(guide, -1, output_type=tf.int32)


def one_conv(x, kernels, regions, geometry):
    matrices, rows, space = matrices_and_rows(x, kernels, geometry)
    places = pixels_of(regions, len(matrices))
    parts = [tf.matmul(tf.gather(rows, p), k) for p, k in zip(places, matrices)]
    filters = kernels.shape[-1]
    return (tf.reshape(tf.dynamic_stitch(places, parts), [*space, filters]),)


def one_gradient(x, kernels, regions, cotangent, geometry):
    matrices, rows, _ = matrices_and_rows(x, kernels, geometry)
    flat = tf.reshape(cotangent, [-1, cotangent.shape[-1]])
    places = pixels_of(regions, len(matrices))
    for_rows, for_kernels = [], []
    for p, k in zip(places, matrices):
        y = tf.gather(flat, p)
        for_rows.append(tf.matmul(y, k, transpose_b=True))
        for_kernels.append(tf.matmul(tf.gather(rows, p), y, transpose_a=True))
    stitched = tf.dynamic_stitch(places, for_rows)
    for_x = patches_gradient(stitched, spatial_size(x, 2, 0), kernels.shape[1:3], x.shape[-1], geometry)
    return for_x, tf.reshape(tf.stack(for_kernels), kernels.shape)


def one_response(x, kernels, cotangent, geometry):
    matrices, rows, space = matrices_and_rows(x, kernels, geometry)
    flat = tf.reshape(cotangent, [-1, cotangent.shape[-1]])
    if rows.shape[-1] <= flat.shape[-1]:  # the product over the shorter of the two axes
        products = [tf.reduce_sum(rows * tf.matmul(flat, k, transpose_b=True), -1) for k in matrices]
    else:
        products = [tf.reduce_sum(flat * tf.matmul(rows, k), -1) for k in matrices]
    return (tf.reshape(tf.stack(products, -1), [*space, len(matrices)]),)


def one_alpha_gradient(x, weights, cotangent, geometry, kernel_shape):
    rows = patches(x[tf.newaxis], kernel_shape[1:3], geometry)[0][0]
    flat = tf.reshape(cotangent, [-1, cotangent.shape[-1]])
    columns = tf.unstack(tf.reshape(weights, [-1, kernel_shape[0]]), axis=-1)
    grads = [tf.matmul(rows, flat * w[:, tf.newaxis], transpose_a=True) for w in columns]
    return (tf.reshape(tf.stack(grads), kernel_shape),)


def matrices_and_rows(x, kernels, geometry):
    """The kernels as m matrices, the patches of one image as rows, and its output size."""
    rows, (_, *space) = patches(x[tf.newaxis], tuple(kernels.shape[1:3]), geometry)
    matrices = tf.unstack(tf.reshape(kernels, [kernels.shape[0], rows.shape[-1], kernels.shape[-1]]))
    return matrices, rows[0], space


def pixels_of(regions, m):
    """For each region the numbers of its pixels."""
    flat = tf.reshape(regions, [-1])
    return tf.dynamic_partition(tf.range(tf.size(flat)), flat, m)


def map_samples(function, tensors, static):
    """`function(*samples, *static)` for every sample, spread over the cores; a tuple of results."""
    shapes = tuple(tuple(t.shape[1:]) for t in tensors)
    concrete = traced(function, static, shapes, tuple(t.dtype for t in tensors))
    return tuple(
        tf.raw_ops.MapDefun(
            arguments=list(tensors),
            captured_inputs=[],
            output_types=concrete.output_dtypes,
            output_shapes=concrete.output_shapes,
            f=concrete,
            max_intra_op_parallelism=1,
        )
    )


@functools.cache
def traced(function, static, shapes, dtypes):
    def widened(*samples):
        """16-bit products on a CPU are slow and add up in 16 bits: compute in 32."""
        small = [s.dtype for s in samples if s.dtype in (tf.float16, tf.bfloat16)]
        wide = [tf.cast(s, tf.float32) if s.dtype in small else s for s in samples]
        results = function(*wide, *static)
        return tuple(tf.cast(r, small[0]) if small else r for r in results)

    specs = [tf.TensorSpec(shape, dtype) for shape, dtype in zip(shapes, dtypes)]
    with tf.init_scope():
        return tf.function(widened, autograph=False).get_concrete_function(*specs)
