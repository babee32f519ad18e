"""Train one small network on scikit-learn's digits (scanned handwriting) with three convolutions, and compare.

The same as `tfdynconv demo`; the code is `tfdynconv/cli/digits.py`.

    python examples/digits.py [--epochs 30] [--seeds 3] [--output demo-output]
"""

import sys

from tfdynconv.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["demo", *sys.argv[1:]]))
