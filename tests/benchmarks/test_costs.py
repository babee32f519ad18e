"""The formulas of the README's table count what `cost` counts: each is read in the docstring and worked out for one layer."""

import re

import pytest

from benchmarks import convolutions
from tfdynconv import blocks, layers

B = blocks
SHAPE = (None, 8, 12, 16)
INNER = {"P": 24, "height": 8, "width": 12, "C": 16, "channels": 16, "F": 32, "filters": 32}  # at strides of 2

# The layer, and for each convolution that is summed over the symbols of the formula.
CASES = {
    "CondConv2D": (layers.CondConv2D(32, 3, num_experts=4, padding="same", strides=2), [{"w": 9 * 512, "n": 4}]),
    "DynamicConv2D": (
        layers.DynamicConv2D(32, 3, num_kernels=4, hidden_units=8, padding="same", strides=2),
        [{"w": 9 * 512, "n": 4, "h": 8}],
    ),
    "DyNetConv2D": (layers.DyNetConv2D(32, 3, group_size=3, padding="same", strides=2), [{"w": 9 * 512, "g": 3}]),
    "SCConv2D": (B.SCConv2D(32, 3, strides=2, groups=2, pooling_size=4), [{"k": 9 / 2, "r": 4}]),
    "SplitAttentionConv2D": (
        B.SplitAttentionConv2D(32, 3, strides=2, groups=2, radix=2, hidden_units=8),
        [{"k": 9, "G": 2, "r": 2, "A": 8}],
    ),
    "SpatialTransformer": (
        B.SpatialTransformer(output_size=(4, 6), localization_filters=5),
        [{"q": 24, "n": 5}],
    ),
    "DyMobileBlock": (
        B.DyMobileBlock(12, strides=2, group_size=3),
        [{"p": p, "w": w, "g": 3, "F": 12} for p, w in [(96, 16 * 12), (24, 9 * 6 * 12), (24, 12 * 12)]],
    ),
    "InceptionBlock": (
        B.InceptionBlock([[(8, 1)], [(4, 1), (6, 3)]], pool_filters=3, strides=2),
        [
            {"p": 24, "k": 1, "F": 8},
            {"p": 96, "k": 1, "F": 4},
            {"p": 24, "k": 9, "C": 4, "F": 6},
            {"p": 24, "k": 1, "F": 3},
        ],
    ),
    "GhostModule2D": (B.GhostModule2D(31, 3, strides=2, ratio=3), [{"k": 9, "d": 9, "m": 11, "ratio": 3}]),
    "HetConv2D": (B.HetConv2D(32, 3, strides=2, padding="same", groups=4), [{"k": 3, "g": 4}]),
    "SqueezeExcite": (B.SqueezeExcite(hidden_units=6), [{"R": 6}]),
    "SpatialSeparableConv2D": (
        B.SpatialSeparableConv2D(32, 3, inner_filters=10, padding="same"),
        [{"R": 10, "kh": 3, "kw": 3, "g": 1}],
    ),
}


def product(formula):
    """What stands side by side is multiplied; `height'` and `width'` are the output's."""
    formula = formula.replace("height'", "height").replace("width'", "width")
    return re.sub(r"(\w|\)) (?=[\w(])", r"\1 * ", formula)


@pytest.mark.parametrize("name", CASES)
def test_a_formula_counts_what_cost_does(name):
    layer, symbols = CASES[name]
    (formula,) = re.findall("`([^`]+)`", convolutions.cost(type(layer)).split(";")[0])
    found = sum(eval(product(formula), {**INNER, **more}) for more in symbols)
    assert found == layer.cost(SHAPE)[1], formula
