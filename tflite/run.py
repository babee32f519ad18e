"""Run a .tflite with LiteRT and NumPy alone, as a device would: Raspberry Pi, any Linux, macOS, Windows.

    python tflite/run.py info model.tflite

`--help` tells the commands. Needs `ai-edge-litert` and `numpy`, and this folder, which can be copied anywhere.
"""

import argparse
import json
import sys

import benchmark
import classify
import compare
import info
import predict
from failure import Failure

COMMANDS = {"info": info, "classify": classify, "predict": predict, "benchmark": benchmark, "compare": compare}
NOTES = """\
examples:
  run.py info model.tflite
  run.py classify model.tflite cat.jpg dog.jpg --labels labels.txt --top 3
  run.py classify model.tflite images.npy --scale 2/255 --offset=-1
  run.py predict model.tflite inputs.npz --save outputs.npz
  run.py benchmark model.tflite --threads 1 4 --runs 100
  run.py compare float.tflite int8.tflite --data images.npy --tolerance 0.05

exit codes:
  0  fine
  1  something cannot be read or run, or differs by more than --tolerance: one line on stderr says what
  2  wrong usage
"""


class Commands(argparse.ArgumentParser):
    """With notes as they are written here, lines and all."""

    def __init__(self, **options):
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **options)


def parser():
    main = Commands(prog="run.py", description="Run a .tflite with LiteRT and NumPy alone.", epilog=NOTES)
    commands = main.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS.values():
        command.add(commands).add_argument("--json", action="store_true", help="print one JSON object")
    return main


def main(arguments=None):
    asked = parser().parse_args(arguments)
    command = COMMANDS[asked.command]
    result = command.run(asked)
    if asked.json:
        print(json.dumps(result, indent=2))
    else:
        command.show(result)
    if "error" in result:
        raise Failure(result["error"])


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"run.py: {' '.join(str(failure).split())}")  # what LiteRT says may have several lines
    except KeyboardInterrupt:
        sys.exit(130)  # as shells tell it
