"""`tfdynconv VERB ...`: reads the command line, runs the verb, prints what it made, and ends with an exit code."""

import argparse
import json
import os
import sys

from tfdynconv.cli import benchmark, completion, convert, demo, models, summary, tpu
from tfdynconv.cli.colour import coloured
from tfdynconv.cli.failure import Failure, one_line
from tfdynconv.version import __version__

VERBS = {"demo": demo, "summary": summary, "convert": convert, "benchmark": benchmark, "tpu": tpu, "models": models}
VERBS |= {"completion": completion}
NOTES = """\
examples:
  tfdynconv demo
  tfdynconv summary model.keras --input 224
  tfdynconv convert model.keras model.tflite
  tfdynconv convert model.keras small.tflite --quantize dynamic --json
  tfdynconv benchmark model.tflite --threads 1 4
  tfdynconv tpu model.keras --train
  tfdynconv models --only odconv
  source <(tfdynconv completion bash)

Every verb takes --json, and has examples in its own --help. Progress goes to stderr, once something takes three seconds;
colours are for terminals, and not there either where NO_COLOR is set.

exit codes:
  0    done
  1    something cannot be read, converted or run, or differs by more than the tolerance: one line on stderr says what
  2    wrong usage
  130  interrupted
"""


class Parser(argparse.ArgumentParser):
    """With notes as they are written here, lines and all, and no options by half their names; `taken` lists its arguments."""

    def __init__(self, **options):
        self.taken = []
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **options)

    def add_argument(self, *names, **options):
        self.taken.append(super().add_argument(*names, **options))
        return self.taken[-1]


def parser():
    main = Parser(prog="tfdynconv", description="Dynamic convolution for TensorFlow and Keras.", epilog=NOTES)
    main.add_argument("--version", action="version", version=f"tfdynconv {__version__}")
    verbs = main.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb in VERBS.values():
        verb.add(verbs).add_argument("--json", action="store_true", help="print one JSON object")
    main.verbs = verbs.choices
    return main


def main(arguments=None):
    """The exit code."""
    asked = parser().parse_args(arguments)
    verb = VERBS[asked.verb]
    try:
        result = verb.run(asked)
    except Failure as failure:
        who = coloured(f"tfdynconv {asked.verb}:", "red", sys.stderr)
        print(f"{who} {one_line(failure)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"tfdynconv {asked.verb}: interrupted", file=sys.stderr)
        return 130
    return tell(json.dumps(verb.as_json(result), indent=2, default=str) if asked.json else verb.as_text(result))


def tell(text):
    """Print it; whoever reads may leave early, as `head` does."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
