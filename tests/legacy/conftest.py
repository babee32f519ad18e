"""These tests belong to the stack that TensorFlow Addons needs; `make legacy` runs them there."""

import keras

collect_ignore_glob = ["test_*.py"] if keras.__version__.startswith("3") else []
