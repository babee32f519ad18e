"""The scripts of examples/ run as they are."""

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parent.parent


def test_digits(tmp_path):
    """A short run of the demo writes table, files and pictures."""
    command = [sys.executable, "examples/digits.py", "--epochs", "2", "--seeds", "1", "--output", str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": "."}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    table = (tmp_path / "table.md").read_text()
    assert all(f"| {name} |" in table for name in ("Conv2D", "CondConv2D", "DynamicConv2D"))
    assert table in done.stdout or table.strip() in done.stdout
    written = {path.name for path in tmp_path.iterdir()}
    assert {"Conv2D.tflite", "CondConv2D.tflite", "routing_CondConv2D.png", "routing_DynamicConv2D.png"} <= written
