"""Where in a network a convolution stands."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Place:
    """What a rule of `Convolutions` may ask about.

    role: `"stem"`, `"expand"`, `"depthwise"`, `"project"` (the 1x1 convolutions of a block that has no expansion are
        `"project"` too), `"conv"` (of a residual block), `"shortcut"`, `"side"` (of the branch of a ShuffleNet unit that
        stays static), `"head"` (the last 1x1 convolution) or `"classifier"`.
    block: number of the block, from 1; None for stem, head and classifier.
    blocks: how many blocks the network has.
    stage: number of the stage that the block belongs to, from 1; None outside of blocks.
    """

    role: str
    block: int | None = None
    blocks: int | None = None
    stage: int | None = None

    @property
    def from_the_end(self):
        """1 for the last block, 2 for the one before; None outside of blocks."""
        return None if self.block is None else self.blocks - self.block + 1
