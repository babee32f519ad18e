"""The verb `models`: the networks of the papers, counted."""

import os

from tfdynconv.cli import start
from tfdynconv.cli.failure import Failure
from tfdynconv.cli.progress import Progress
from tfdynconv.cli.quiet import quiet

NOTES = """\
examples:
  tfdynconv models
  tfdynconv models --only mobilenetv2
  tfdynconv models --only odconv --json

Builds each network of tfdynconv.models and prints its parameters and multiply-adds beside the published ones, as a Markdown
table. All of them take about a minute.
"""


def add(verbs):
    parser = verbs.add_parser("models", help="the papers' networks: parameters and multiply-adds", epilog=NOTES)
    parser.add_argument("--only", metavar="TEXT", default="", help="networks whose name contains it")
    return parser


def run(asked):
    """The rows of the table, and the module that prints them."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet() as stderr, Progress("loading TensorFlow", stderr):
        start.whole_package()
        from tfdynconv.models import catalogue, table
    wanted = [network for name, network in catalogue.NETWORKS.items() if asked.only.lower() in name.lower()]
    if not wanted:
        raise Failure(f"no network's name contains {asked.only!r}. Run `tfdynconv models` for all.")
    rows = []
    with Progress("") as progress:
        for network in wanted:
            progress.what = f"building {network.name}"
            rows.append(table.row(network))
    return rows


def as_json(rows):
    from tfdynconv.models import catalogue

    return {"networks": [row.as_json() for row in rows], "left_out": list(catalogue.LEFT_OUT)}


def as_text(rows):
    from tfdynconv.models import table

    return f"{table.markdown(rows)}\n\n{table.notes()}"
