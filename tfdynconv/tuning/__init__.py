"""Measure a machine, so that the plan chooses for it: `tfdynconv tune`."""

from tfdynconv.tuning.tuned import CLOSE as CLOSE
from tfdynconv.tuning.tuned import Tuned as Tuned
from tfdynconv.tuning.tuned import tune as tune
