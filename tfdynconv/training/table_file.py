"""A CSV file that grows by a row each epoch."""

import csv
import pathlib


class TableFile:
    """Written anew; its folders are made; what training had so far is on disk after each epoch."""

    def __init__(self, path):
        self.path, self.has_header = pathlib.Path(path), False
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)

    def write(self, epoch, scalars, histograms):
        """`{name: number}` as a row; histograms do not fit into a table."""
        with self.path.open("a", newline="") as file:
            rows = csv.writer(file)
            if not self.has_header:
                rows.writerow(["epoch", *scalars])
            rows.writerow([epoch, *scalars.values()])
        self.has_header = True

    def close(self):
        """Nothing is open between two epochs."""
