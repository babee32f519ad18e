"""What every layer and block costs beside a plain convolution: in training, on a phone, on a TPU.

python -m benchmarks.choice                          # what has no figure yet, half an hour for all; then CHOICE.md and .png
python -m benchmarks.choice DRConv2D --only tpu      # one part, of the entries whose names hold the word
python -m benchmarks.choice --again --only here      # also what has figures
python -m benchmarks.choice --only table             # only the table and the picture of what is recorded

ONEDNN_MAX_CPU_ISA=AVX2 python -m benchmarks.choice  # as on a processor without AVX-512
"""

import argparse
import pathlib
import sys

from benchmarks.choice import here, phone, tpu
from benchmarks.choice.entries import ENTRIES
from benchmarks.choice.plot import plot
from benchmarks.choice.record import Record
from benchmarks.choice.table import page

OUTPUT = pathlib.Path(__file__).parent.parent / "CHOICE.md"
FILES = OUTPUT.parent.parent / "build" / "choice"
TOGETHER = 2  # entries whose programs one process compiles
PARTS = ("counts", "here", "files", "phone", "tpu", "table")
COLUMNS = {
    "counts": lambda entry: here.COUNTED,
    "here": lambda entry: here.TIMED,
    "files": phone.kinds,
    "phone": phone.kinds,
    "tpu": lambda entry: tuple(tpu.KINDS),
}


def run(part, entries, record, options):
    """Record one part of each of these entries."""
    if part == "tpu":
        for first in range(0, len(entries), TOGETHER):
            progress("tpu", *entries[first : first + TOGETHER])
            for entry, figures in tpu.estimates(entries[first : first + TOGETHER]):
                record.add(entry.name, figures)
        return
    for entry in entries:
        progress(part, entry)
        if part == "counts":
            record.add(entry.name, here.counts(entry))
        if part == "here":
            record.add(entry.name, here.times(entry, options.seconds))
        if part == "files" and (reasons := phone.write(entry, options.files)):
            record.add(entry.name, reasons)
        if part == "phone":
            record.add(entry.name, phone.times(entry, options.files, options.seconds))


def progress(part, *entries):
    print(f"... {part}: {'; '.join(entry.name for entry in entries)}", file=sys.stderr, flush=True)


def write(record, output):
    plot(record, output.with_suffix(".png"))
    text = page(record)
    output.write_text(text, encoding="utf-8")
    print(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="parts of names; all entries if there is none")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS)
    parser.add_argument("--again", action="store_true", help="also what has figures")
    parser.add_argument("--seconds", type=float, default=0.5, help="of measuring, for each thing that is timed")
    parser.add_argument("--files", type=pathlib.Path, default=FILES, help="the folder of the .tflite files")
    parser.add_argument("--output", type=pathlib.Path, default=OUTPUT)
    options = parser.parse_args()
    record = Record(options.output.with_suffix(".json"))
    record.keep([entry.name for entry in ENTRIES])
    chosen = [e for e in ENTRIES if not options.words or any(word in e.name for word in options.words)]
    for part in [part for part in PARTS if part in options.only and part != "table"]:
        run(part, chosen if options.again else record.missing(chosen, COLUMNS[part]), record, options)
    if "table" in options.only:
        write(record, options.output)


if __name__ == "__main__":
    main()
