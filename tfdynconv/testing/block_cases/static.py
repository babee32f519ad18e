"""Blocks of several static convolutions, and how to try them."""

from tfdynconv import blocks
from tfdynconv.testing.block_cases.block import block

AFFINE = "a static layer: without activation it is affine in its inputs, as it should be"
REGULARIZED = {
    "kernel_initializer": "he_normal",
    "kernel_regularizer": "l2",
    "kernel_constraint": "max_norm",
    "bias_initializer": "ones",
    "bias_regularizer": "l1",
    "activity_regularizer": "l2",
    "bias_constraint": "non_neg",
}

BLOCKS = [
    # one tensor in and out, for which the harness is made; tests/blocks/test_octave_pairs.py walks it with pairs
    block(
        blocks.OctaveConv2D,
        {"filters": 6, "kernel_size": 3, "alpha_in": 0, "alpha_out": 0},
        (8, 6, 4),
        [
            {"strides": 2, "activation": "relu", "use_bias": False},
            {"groups": 2, **REGULARIZED},
            {"data_format": "channels_first", "kernel_size": 2, "padding": ((2, 0), (1, 1)), "dilation_rate": 2},
        ],
        static=AFFINE,
    ),
    block(
        blocks.GhostModule2D,
        {"filters": 7, "kernel_size": 3},
        (7, 6, 4),
        [
            {"strides": 2, "padding": 1, "ratio": 3, "activation": None, "depthwise_kernel_size": (2, 5)},
            {"ratio": 1, "kernel_initializer": "he_normal", "kernel_regularizer": "l2"},
            {"data_format": "channels_first", "padding": ((1, 0), (2, 1)), "dilation_rate": 2, "activation": "silu"},
            {"filters": 10, "ratio": 4, "depthwise_initializer": "he_normal", "depthwise_regularizer": "l1"},
        ],
    ),
]
