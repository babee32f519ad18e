"""Plain convolutions against every dynamic variant: as many parameters, as many multiply-adds, five seeds, two sets.

python -m benchmarks.accuracy            # most of an hour of one core; writes benchmarks/ACCURACY.md, .json and .png
python -m benchmarks.accuracy --table    # only the table and the plot of what is recorded
python -m benchmarks.accuracy --seeds 1 --output look.md

Stopped, it goes on where it was when it is started again; finished, it begins anew.
"""

import argparse
import pathlib

from benchmarks.accuracy.plot import plot
from benchmarks.accuracy.record import Record
from benchmarks.accuracy.sets import COPIES, SEED, SETS, SIZE
from benchmarks.accuracy.sweep import sweep
from benchmarks.accuracy.table import page
from benchmarks.digits.sweep import one_thread
from benchmarks.digits.training import BATCH

OUTPUT = pathlib.Path(__file__).parent.parent / "ACCURACY.md"


def settings():
    epochs = {name: chosen.epochs for name, chosen in SETS.items()}
    return {"batch": BATCH, "epochs": epochs, "canvases": [SIZE, COPIES, SEED]}


def write(record, output):
    text = page(record, output.read_text(encoding="utf-8") if output.exists() else "")
    output.write_text(text, encoding="utf-8")
    plot(record, output.with_suffix(".png"))
    print("\n" + text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--table", action="store_true", help="train nothing")
    parser.add_argument("--output", type=pathlib.Path, default=OUTPUT)
    options = parser.parse_args()
    record = Record(options.output.with_suffix(".json"), settings()).read()
    if options.table:
        write(record, options.output)
        return
    one_thread()
    for _ in sweep(record, options.seeds):
        write(record, options.output)


if __name__ == "__main__":
    main()
