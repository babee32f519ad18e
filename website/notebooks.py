"""Execute docs/notebooks/*.ipynb in a kernel of their own, each within its time, and write the results to build/notebooks.

python -m website.notebooks
"""

import os
import tempfile
import time

import nbformat
from nbclient import NotebookClient

from website.pages_of_notebooks import EXECUTED, ROOT, SOURCES

SECONDS = 120  # of a cell, where the machine is busy; the notebooks take less than 40 s each on two free cores


def execute(source):
    """Run one notebook in an empty folder and write it with its outputs; returns the seconds."""
    begin = time.perf_counter()
    notebook = nbformat.read(source, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": folder}}).execute()
    EXECUTED.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, EXECUTED / source.name)
    return time.perf_counter() - begin


def main():
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    for source in sorted(SOURCES.glob("*.ipynb")):
        print(f"{source.name}: {execute(source):.0f} s", flush=True)


if __name__ == "__main__":
    main()
