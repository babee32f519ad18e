"""The harness that every layer of the package passes, for layers of your own too: `check_layer(LayerCase(...))`."""

from tfdynconv.testing.block_cases import ALL_BLOCKS as ALL_BLOCKS
from tfdynconv.testing.case import LayerCase as LayerCase
from tfdynconv.testing.cases import ALL_LAYERS as ALL_LAYERS
from tfdynconv.testing.checks import CHECKS as CHECKS
from tfdynconv.testing.checks import check_fresh_process as check_fresh_process
from tfdynconv.testing.checks import check_layer as check_layer
from tfdynconv.testing.checks import run_check as run_check
