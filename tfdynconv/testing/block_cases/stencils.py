"""Blocks whose kernels belong to positions, and graphs, and how to try them."""

from tfdynconv import blocks
from tfdynconv.testing.block_cases.block import block

AFFINE = "a static layer: without activation it is affine in its inputs, as it should be"
FIXED_SIZE = "each position has weights of its own, so height and width are fixed"
FIXED_GRAPH = (
    "its graph is fixed, and so is the number of nodes; tests/blocks/test_graph_conv.py gives graphs in the call"
)
NO_WEIGHTS = "it has no weights"

MATRIX = [[0.0, 0.5, 0.0, 0.0], [1.0, 2.0, 0.0, 0.0], [0.0, 0.7, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]
EDGES = [[[1, 0, 1, 1], [0, 1, 1, 2]], [0.5, 1.0, 2.0, 0.7]]

BLOCKS = [
    block(
        blocks.Involution2D,
        {"kernel_size": 3, "group_channels": 2},
        (8, 6, 4),
        [
            {"strides": 2, "kernel_size": 5, "kernel_initializer": "he_normal"},
            {"dilation_rate": (2, 1), "reduction_ratio": 1, "data_format": "channels_first"},
        ],
    ),
    block(
        blocks.LocallyConnected2D,
        {"filters": 6, "kernel_size": 3},
        (6, 5, 4),
        [
            {
                "strides": 2,
                "padding": "same",
                "activation": "relu",
                "use_bias": False,
                "kernel_initializer": "he_normal",
            },
            {"data_format": "channels_first", "padding": ((1, 0), (2, 1)), "dilation_rate": 2, "groups": 2},
            {
                "kernel_size": (1, 2),
                "kernel_regularizer": "l2",
                "kernel_constraint": "max_norm",
                "bias_initializer": "ones",
                "bias_regularizer": "l1",
                "activity_regularizer": "l2",
                "bias_constraint": "non_neg",
            },
        ],
        static=AFFINE,
        unknown_sizes=FIXED_SIZE,
        output_shape=FIXED_SIZE,
    ),
    block(
        blocks.NonLocalBlock2D,
        {},
        (5, 4, 4),
        [
            {
                "pool_size": 2,
                "scale": None,
                "reduction_ratio": 0.25,
                "use_bias": False,
                "kernel_initializer": "he_normal",
            },
            {"scale": "channels", "hidden_units": 3, "data_format": "channels_first", "bias_initializer": "ones"},
        ],
    ),
    block(
        blocks.ChannelShuffle,
        {"groups": 2},
        (3, 2, 6),
        [{"groups": 3, "data_format": "channels_first"}],
        static="it reorders its inputs and is linear in them",
        partial_batch=NO_WEIGHTS,
    ),
    block(
        blocks.GraphConv,
        {"units": 6, "adjacency": MATRIX},
        (4, 5),
        [
            {"units": 3, "normalize": True, "self_loops": "fill", "activation": "relu", "use_bias": False},
            {"adjacency": EDGES, "kernel_initializer": "he_normal", "kernel_regularizer": "l2"},
            {
                "adjacency": EDGES,
                "normalize": True,
                "self_loops": None,
                "kernel_constraint": "max_norm",
                "bias_initializer": "ones",
                "bias_regularizer": "l1",
                "activity_regularizer": "l2",
                "bias_constraint": "non_neg",
            },
        ],
        static=AFFINE,
        unknown_sizes=FIXED_GRAPH,
        output_shape=FIXED_GRAPH,
        channels_first="nodes of a graph have no image axes",
    ),
]
