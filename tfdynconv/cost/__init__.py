"""What a model costs, layer by layer, here and elsewhere: `tfdynconv.summary`."""

from tfdynconv.cost.report import Summary as Summary
from tfdynconv.cost.summary import summary as summary
