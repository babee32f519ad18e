"""What a dynamic layer chose for each sample, in one form for all of them."""

import tensorflow as tf

from tfdynconv.layers.base_mixture import BaseMixture
from tfdynconv.layers.drconv import DRConv2D
from tfdynconv.layers.observe import watching
from tfdynconv.ops.geometry import spatial_size
from tfdynconv.ops.per_sample_conv import channels_last
from tfdynconv.ops.region_conv import nearest

ROUTED = (BaseMixture, DRConv2D)  # layers that choose for each sample


def choices(layer, values):
    """`{kind: [batch, choices]}` in float32, from what `layer` noted; for DyNet, which chooses for each filter,
    `[batch, choices, filters]`.

    The kinds are "kernel", coefficients of kernels; "region", shares of pixels; and ODConv's "channel", "filter", "spatial".
    """
    if isinstance(layer, DRConv2D):
        regions = tf.one_hot(region_map(layer, values), layer.num_regions)
        return {"region": tf.reduce_mean(regions, [1, 2])}
    coefficients = values["coefficients"]
    named = coefficients if isinstance(coefficients, dict) else {"kernel": coefficients}
    return {kind: tf.cast(value, tf.float32) for kind, value in named.items()}


def region_map(layer, values):
    """`[batch, height', width']`: the region of each output pixel of a `DRConv2D`."""
    guide, outputs = values["guide"], values["outputs"]
    if layer.data_format == "channels_first":
        guide, outputs = channels_last(guide), channels_last(outputs)
    return tf.argmax(nearest(guide, spatial_size(outputs, 2)), -1)


def routed(model, inputs):
    """[(layer, choices)] of one forward pass in inference, in the order of the calls.

    A layer that is called twice is there twice; one that runs in a graph of its own is not there.
    """
    with watching() as watch:
        model(inputs, training=False)
    return [(layer, choices(layer, values)) for layer, values in watch.notes if isinstance(layer, ROUTED)]
