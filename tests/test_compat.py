"""Stacks that do not belong together are refused at import, with the mend."""

import os
import subprocess
import sys

import pytest

from tfdynconv import _compat

GOOD = [("2.21.0", "3.15.0"), ("2.16.2", "3.0.5"), ("2.15.1", "2.15.0"), ("3.0.0", "3.20.1"), ("2.22.0-rc1", "3.15.0")]
BAD = [
    ("2.16.2", "2.15.0", "needs Keras 3"),
    ("2.21.0", "2.16.0", "needs Keras 3"),
    ("2.15.1", "3.1.0", "needs Keras 2.15"),
]


@pytest.mark.parametrize("tensorflow, keras", GOOD)
def test_pairs_that_work(tensorflow, keras):
    _compat.check_stack(tensorflow, keras, "tensorflow")


@pytest.mark.parametrize("tensorflow, keras, wanted", BAD)
def test_pairs_that_do_not(tensorflow, keras, wanted):
    with pytest.raises(
        ImportError, match=f"TensorFlow {tensorflow} {wanted}, but Keras {keras} is installed. Install a match"
    ):
        _compat.check_stack(tensorflow, keras, "tensorflow")


def test_another_backend():
    with pytest.raises(
        ImportError, match="Received: backend 'jax'. Set the environment variable KERAS_BACKEND=tensorflow"
    ):
        _compat.check_stack("2.21.0", "3.15.0", "jax")


def test_the_import_itself_refuses():
    program = "import keras; keras.__version__ = '1.0.0'; import tfdynconv"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    )
    assert done.returncode == 1
    assert "ImportError: tfdynconv: TensorFlow" in done.stderr
    assert "but Keras 1.0.0 is installed" in done.stderr
