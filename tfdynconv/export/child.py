"""Run a worker script in a Python process of its own, so that what aborts there does not take the caller along."""

import os
import re
import signal
import subprocess
import sys


def run(script, *arguments, caller="to_tflite"):
    """Run `script`, a file name in this folder, and give what it printed. Raises `ChildError` if it fails."""
    if not sys.executable:
        raise ValueError(
            f"{caller}: this Python has no executable of its own (sys.executable is empty) to start another."
        )
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "CUDA_VISIBLE_DEVICES": "-1",  # the caller may have the whole GPU
    }
    # -P: this folder's own modules must not hide others of the same name
    command = [sys.executable, "-P", os.path.join(os.path.dirname(__file__), script), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise ChildError(done)
    return done.stdout


class ChildError(Exception):
    """A worker failed; `str` tells the useful part of what it said."""

    def __init__(self, done):
        super().__init__(done)
        self.code, self.stderr = done.returncode, done.stderr

    def __str__(self):
        end = f"ended by {signal.Signals(-self.code).name}" if self.code < 0 else f"exit code {self.code}"
        return f"({end})\n" + "\n".join(f"  {line[:300]}" for line in self.useful_lines())

    def unconverted_ops(self):
        """`{op: where in the model}` for the ops that the converter named as having no builtin."""
        names = re.findall(r"^(?:TF Select|Custom) ops: (.+)$", self.stderr, re.MULTILINE)
        places = dict(re.findall(r'fused\["(\w+):", "([^"@]+)', self.stderr))
        return {op: places.get(op, "") for line in names for op in re.split(r",\s*", line.strip())}

    def useful_lines(self, count=8):
        noise = re.compile(
            r"^(WARNING: All log messages|.*Unable to register cu|[IW]\d{4} |\s*$|  File |    |loc\(|\^|%| *[%})^])"
        )
        lines = [line for line in self.stderr.splitlines() if not noise.match(line)]
        details = [line.strip() for line in lines if re.match(r"\s+tf\.\w+\(", line)]
        return list(dict.fromkeys(details))[:count] or lines[-count:]
