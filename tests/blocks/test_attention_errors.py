"""Bad arguments and inputs of the blocks that weigh branches and channels: what is said of them."""

import numpy as np
import pytest

from tfdynconv import blocks


def called(block, channels=4, size=(6, 6)):
    return block(np.ones([1, *size, channels], "float32"))


BAD = [
    (
        lambda: blocks.SqueezeExcite(gate="tanh"),
        "SqueezeExcite '.*': `gate` must be one of .*'hard_sigmoid'.*Received: gate='tanh'",
    ),
    (
        lambda: blocks.SqueezeExcite(reduction_ratio=0),
        "`reduction_ratio` must be positive. Received: reduction_ratio=0",
    ),
    (lambda: blocks.SqueezeExcite(hidden_units=0), "`hidden_units` must be a positive int. Received: hidden_units=0"),
    (lambda: blocks.SqueezeExcite(divisor=1.5), "`divisor` must be a positive int. Received: divisor=1.5"),
    (lambda: blocks.SqueezeExcite().build((None, 6, 6, None)), "channels must be known.*Give the model's Input"),
    (
        lambda: blocks.SKConv2D(4, 3),
        "SKConv2D: `kernel_sizes` must list the kernel size of each branch.*Received: .*=3",
    ),
    (
        lambda: blocks.SKConv2D(4, (3, 0)),
        "`kernel_sizes` must be a positive int or 2 of them. Received: kernel_sizes=0",
    ),
    (lambda: blocks.SKConv2D(4, (3, 4)), "SKConv2D '.*': `kernel_sizes` must be odd to have one centre"),
    (lambda: blocks.SKConv2D(4, (2, 4)), "all even serves too, with dilated=False.*Received: .*dilated=True"),
    (lambda: blocks.SKConv2D(4, (2, 3), dilated=False), "`kernel_sizes` must be odd to have one centre"),
    (
        lambda: called(blocks.SKConv2D(4, split_input=True), 5),
        "with `split_input` the input's channels must be divisible by the number of branches. Received: 5, which 2",
    ),
    (lambda: called(blocks.SKConv2D(4, groups=2), 5), "a branch's input channels must be divisible by `groups`"),
    (lambda: called(blocks.SKConv2D(3, groups=2)), "`filters` must be divisible by `groups`. Received: 3, which 2"),
    (
        lambda: called(blocks.SKConv2D(4, padding="valid"), size=(4, 8)),
        "the kernel is larger than the .padded. input.*Received: input shape .1, 4, 8, 4.*Use padding='same'",
    ),
    (
        lambda: called(blocks.SplitAttentionConv2D(4, groups=2), 6),
        "the input's channels must be divisible by `groups . radix`. Received: 6, which 4 does not divide",
    ),
    (lambda: blocks.SplitAttentionConv2D(5, groups=2), "SplitAttentionConv2D '.*': `filters` must be divisible by"),
    (
        lambda: blocks.SplitAttentionConv2D(4, groups=2, hidden_units=7),
        "`hidden_units` must be divisible by `groups`. Received: 7, which 2 does not divide",
    ),
    (lambda: blocks.SplitAttentionConv2D(4, radix=0), "`radix` must be a positive int. Received: radix=0"),
    (lambda: blocks.SplitAttentionConv2D(4, pooling="max"), "`pooling` must be one of .*Received: pooling='max'"),
    (lambda: blocks.SplitAttentionConv2D(4, min_hidden=0), "`min_hidden` must be a positive int"),
    (
        lambda: called(blocks.SCConv2D(4), 5),
        "SCConv2D '.*': with `split_input` the input's channels must be divisible by 2. Received: 5",
    ),
    (lambda: called(blocks.SCConv2D(5)), "with `split_input` `filters` must be divisible by 2. Received: 5"),
    (
        lambda: called(blocks.SCConv2D(6, groups=2)),
        "a convolution's filters must be divisible by `groups`. Received: 3",
    ),
    (lambda: blocks.SCConv2D(4, pooling_size=0), "`pooling_size` must be a positive int. Received: pooling_size=0"),
    (lambda: called(blocks.SCConv2D(4, 5, padding="valid"), size=(4, 4)), "the kernel is larger than the"),
    (lambda: blocks.SCConv2D(4)(np.ones([6, 6, 4])), "expected ndim=4, found ndim=3"),
    (
        lambda: loaded(blocks.SCConv2D(4)),
        "the published SCConv has no part for the plain half.*Make the block with split_input=False",
    ),
    (
        lambda: loaded(blocks.SplitAttentionConv2D(4)),
        "load_torch_state expected the arrays .*'bn0.bias'.*Received: missing .*'fc2.weight'",
    ),
]


def loaded(block):
    block.build((None, 6, 6, 4))
    block.load_torch_state({})


@pytest.mark.parametrize("make, message", BAD, ids=[message[:40] for _, message in BAD])
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
