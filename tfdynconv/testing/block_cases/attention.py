"""Blocks that weigh branches and channels, and how to try them."""

from tfdynconv import blocks
from tfdynconv.testing.block_cases.block import block

PADDING = ((1, 0), (2, 1))
WIDTH = {"reduction_ratio": 0.5, "divisor": None}

BLOCKS = [
    block(
        blocks.SqueezeExcite,
        {"hidden_units": 6},
        (7, 6, 4),
        [
            {"gate": "hard_sigmoid", "activation": "silu", "data_format": "channels_first"},
            {"hidden_units": None, **WIDTH, "activation": None},
        ],
    ),
    block(
        blocks.SplitAttentionConv2D,
        {"filters": 4, "hidden_units": 8},
        (7, 6, 4),
        [
            {"radix": 1, "strides": 2, "use_bias": True, "activation": "silu", "padding": "valid"},
            {"groups": 2, "dilation_rate": 2, "strides": (2, 1), "use_norm": False, "data_format": "channels_first"},
            {"hidden_units": None, **WIDTH, "min_hidden": 6, "kernel_size": (1, 3), "padding": PADDING},
            {"radix": 4, "strides": 2, "pooling": "after"},
            {"strides": 2, "pooling": "before"},
        ],
        weights_learn="as published it has biases under batch normalisations, which take them away again in training",
    ),
    block(
        blocks.SKConv2D,
        {"filters": 4, "hidden_units": 6},
        (7, 6, 4),
        [
            {"strides": 2, "split_input": True, "activation": "silu", "padding": 2},
            {"kernel_sizes": (1, 3, (3, 5)), "strides": 2, "dilated": False, "data_format": "channels_first"},
            {"hidden_units": None, **WIDTH, "min_hidden": 5, "groups": 2, "dilation_rate": 2},
        ],
    ),
    block(
        blocks.SCConv2D,
        {"filters": 8, "pooling_size": 2},
        (7, 6, 4),
        [
            {"strides": 2, "activation": "relu", "padding": 1, "groups": 2, "dilation_rate": 2},
            {"split_input": False, "kernel_size": (1, 3), "pooling_size": 3, "data_format": "channels_first"},
        ],
    ),
    block(
        blocks.InceptionBlock,
        {"branches": [[(4, 1)], [(3, 1), (4, 3)]], "pool_filters": 2},
        (7, 6, 4),
        [
            {"strides": 2, "activation": "silu", "use_bias": True, "use_norm": False, "pooling": "average"},
            {"branches": [[(4, 5)], [(3, 3), [(2, (1, 3)), (2, (3, 1))]]], "padding": 1, "pool_filters": None},
            {"strides": (2, 1), "padding": "valid", "pool_size": (3, 1), "data_format": "channels_first"},
        ],
    ),
]
