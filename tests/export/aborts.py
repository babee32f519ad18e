"""In place of a worker: write half of its file, say something and abort, as versions of the converter have done."""

import os
import sys

if __name__ == "__main__":
    with open(sys.argv[2], "wb") as file:
        file.write(b"half a file")
    print("loc(unknown): unhandled type", file=sys.stderr)
    print("LLVM ERROR: the worker met its end", file=sys.stderr, flush=True)
    os.abort()
