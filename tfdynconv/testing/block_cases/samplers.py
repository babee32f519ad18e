"""Blocks that read between pixels, and how to try them."""

from tfdynconv import blocks
from tfdynconv.testing.block_cases.block import block


KERNEL = {
    "activation": "tanh",
    "use_bias": False,
    "kernel_initializer": "he_normal",
    "bias_initializer": "ones",
    "kernel_regularizer": "l2",
    "bias_regularizer": "l1",
    "activity_regularizer": "l2",
    "kernel_constraint": "max_norm",
    "bias_constraint": "unit_norm",
}

BLOCKS = [
    block(
        blocks.DeformableConv2D,
        {"filters": 6, "kernel_size": (3, 2)},
        (7, 6, 4),
        [
            {"strides": 2, "padding": "same", "modulated": True, "deformable_groups": 2},
            {"dilation_rate": 2, "padding": ((2, 1), (0, 1)), "groups": 2, "data_format": "channels_first"},
            {"strides": 2, "dilation_rate": 2, "padding": 2, "modulated": True, "mask_scale": 2.0},
            {**KERNEL, "padding": 1, "deformable_groups": 4, "offset_initializer": "random_normal"},
        ],
    ),
]
