"""The blocks that the harness walks, a file for each family."""

from tfdynconv.testing.block_cases import attention, folding, samplers, static, stencils

ALL_BLOCKS = [*attention.BLOCKS, *folding.BLOCKS, *samplers.BLOCKS, *static.BLOCKS, *stencils.BLOCKS]
