"""Operations on whole models: folding what folds."""

from tfdynconv.surgery.fuse import fuse as fuse
