"""Operations on whole trained models: folding what folds, and making static convolutions dynamic."""

from tfdynconv.surgery.fuse import fuse as fuse
from tfdynconv.surgery.to_dynamic import to_dynamic as to_dynamic
