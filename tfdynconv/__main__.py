"""`python -m tfdynconv`, the same as the command `tfdynconv`."""

import sys

from tfdynconv.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
