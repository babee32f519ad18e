"""Conversions repeated in one process do not pile up in its memory."""

import os
import pathlib
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import tfdynconv

ROOT = pathlib.Path(tfdynconv.__file__).parents[1]
REPEATED = """
    import os, sys
    import keras
    import tfdynconv

    layers = [keras.Input([8, 8, 32]), tfdynconv.CondConv2D(128, 3), keras.layers.GlobalAveragePooling2D()]
    model = keras.Sequential(layers)
    for i in range(int(sys.argv[2])):
        tfdynconv.export.to_tflite(model, sys.argv[1])
        with open("/proc/self/statm") as file:
            print(int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE"), flush=True)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="reads resident memory from Linux's /proc")
@pytest.mark.parametrize("count", [6, pytest.param(20, marks=pytest.mark.slow)])
def test_memory_stays(tmp_path, count):
    """After the third, growth of at most twice the file, here 1.2 MB, a conversion."""
    path = str(tmp_path / "m.tflite")
    command = [sys.executable, "-c", textwrap.dedent(REPEATED), path, str(count)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    resident = np.array(told.split(), dtype="int64")
    assert len(resident) == count
    assert (resident[-1] - resident[2]) / (count - 3) <= 2 * os.path.getsize(path)
