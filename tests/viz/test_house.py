"""Pictures leave pyplot alone, and say what is missing where matplotlib is."""

import builtins
import os
import subprocess
import sys

import pytest

from tfdynconv import viz


def test_pyplot_is_never_imported(tmp_path):
    program = f"""
import sys, tfdynconv
sys.modules.pop("matplotlib.pyplot", None)  # Keras imports it where it can
figure = tfdynconv.viz.plot_schedule({{"temperature": [30.0, 1.0]}})
figure.savefig({str(tmp_path / "schedule.png")!r})
print("matplotlib.pyplot" in sys.modules)
"""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert done.stdout.strip() == "False", done.stderr[-1000:]
    assert (tmp_path / "schedule.png").read_bytes()[1:4] == b"PNG"


def test_without_matplotlib(monkeypatch):
    whole = builtins.__import__

    def without(name, *arguments, **more):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return whole(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(
        ImportError, match=r"plot_schedule: .*not installed. Install it: pip install 'tfdynconv\[plot\]'"
    ):
        viz.plot_schedule({"temperature": [30.0, 1.0]})
