"""Blocks that read between pixels, and how to try them."""

import keras

from tfdynconv import blocks
from tfdynconv.testing.block_cases.block import block
from tfdynconv.testing.cases import REGULARIZED, kernel_arguments

KERNEL = {"activation": "tanh", **kernel_arguments("kernel"), **REGULARIZED}
OFFSET = {"offset_initializer": "random_normal", "offset_regularizer": "l2", "offset_constraint": "max_norm"}
IMAGE = (7, 6, 4)

BLOCKS = [
    block(
        blocks.DeformableConv2D,
        {"filters": 6, "kernel_size": (3, 2)},
        IMAGE,
        [
            {"strides": 2, "padding": "same", "modulated": True, "deformable_groups": 2},
            {"dilation_rate": 2, "padding": ((2, 1), (0, 1)), "groups": 2, "data_format": "channels_first"},
            {"strides": 2, "dilation_rate": 2, "padding": 2, "modulated": True, "mask_scale": 2.0},
            {**KERNEL, "padding": 1, "deformable_groups": 4, "offset_initializer": "random_normal", "use_bias": False},
        ],
    ),
    block(
        blocks.ActiveConv2D,
        {"filters": 6, "kernel_size": (3, 2)},
        IMAGE,
        [
            {"strides": 2, "padding": "same", "position_groups": 2},
            {"dilation_rate": 2, "padding": ((2, 1), (0, 1)), "groups": 2, "data_format": "channels_first"},
            {**KERNEL, **OFFSET, "padding": 1, "use_bias": False},
        ],
        static="its taps stand where weights say: it is a convolution",
    ),
    block(
        blocks.DeformableKernelConv2D,
        {"filters": 4, "kernel_size": (3, 2)},
        IMAGE,
        [
            {"groups": 4, "form": "local", "padding": "same", "strides": 2, "offset_groups": 2},
            {
                "groups": 4,
                "form": "local",
                "padding": ((2, 1), (0, 1)),
                "dilation_rate": 2,
                "clip_to_scope": True,
                "data_format": "channels_first",
            },
            {
                **KERNEL,
                "groups": 2,
                "padding": 1,
                "scope_size": 4,
                "offset_initializer": "he_normal",
                "use_bias": False,
            },
        ],
    ),
    block(
        blocks.SpatialTransformer,
        {},
        IMAGE,
        [
            {"output_size": (4, 5), "align_corners": True, "localization_filters": 3, "data_format": "channels_first"},
            {"localization": keras.Sequential([keras.layers.GlobalMaxPooling2D(), keras.layers.Dense(6)])},
        ],
        output_shape="with `output_size` the output's size is known where the input's is not",
    ),
]
