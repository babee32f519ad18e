"""Print the table of the papers' networks, as `tfdynconv models` does; about a minute.

python -m benchmarks.networks            # the table and its notes
python -m benchmarks.networks --write    # also put them into README.md
"""

import argparse
import pathlib

from benchmarks.__main__ import progress
from tfdynconv.models import catalogue, table

MARKS = ("<!-- networks -->", "<!-- end of networks -->")
README = pathlib.Path(__file__).parent.parent / "README.md"


def rows():
    for name, network in catalogue.NETWORKS.items():
        progress(name)
        yield table.row(network)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    text = f"{table.markdown(rows())}\n\n{table.notes()}"
    print(text)
    if asked.write:
        before, rest = README.read_text().split(MARKS[0])
        _, after = rest.split(MARKS[1])
        README.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}")


if __name__ == "__main__":
    main()
