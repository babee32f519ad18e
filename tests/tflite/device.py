"""The runner of tflite/ in a process of its own, as on a device: without TensorFlow, Keras and this package."""

import json
import pathlib
import re
import subprocess
import sys

FOLDER = pathlib.Path(__file__).parent.parent.parent / "tflite"
SCRIPT = FOLDER / "run.py"


def run(*arguments, cwd=None, hidden=()):
    """The finished process. Importing TensorFlow, Keras, this package or what is `hidden` is an error in it."""
    program = (
        "import runpy, sys\n"
        f"sys.modules.update(dict.fromkeys({['tensorflow', 'keras', 'tfdynconv', *hidden]}))\n"  # None: no import
        "sys.argv = sys.argv[1:]\n"
        f"sys.path.insert(0, {str(FOLDER)!r})\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    command = [sys.executable, "-c", program, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd)


def printed(*arguments, **options):
    """What a command that ends well prints."""
    done = run(*arguments, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def result(*arguments, **options):
    """What it prints with --json, read."""
    return json.loads(printed(*arguments, "--json", **options))


def refused(message, *arguments, code=1, **options):
    """It ends with this exit code, a last line that has the message, and no traceback."""
    done = run(*arguments, **options)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert re.search(message, done.stderr.strip().splitlines()[-1]), done.stderr
    assert "Traceback" not in done.stderr
    return done
