"""Importing any part of a package imports its top first; the command must not wait there for what it may not need."""

import importlib
import os
import sys

_put_off = []


def put_off():
    """Whether `import tfdynconv` may leave out everything: the process is the command, and no verb asked for it yet."""
    if _put_off:
        return _put_off[0]
    by_name = os.path.basename(sys.argv[0] if sys.argv else "") in ("tfdynconv", "tfdynconv.exe")
    by_module = (
        sys.argv[:1] == ["-m"] and "tfdynconv" in sys.orig_argv
    )  # what Python says while it looks for the module
    _put_off.append(by_name or by_module)
    return _put_off[0]


def whole_package():
    """`tfdynconv`, as `import tfdynconv` gives it elsewhere."""
    import tfdynconv

    if put_off():
        _put_off[0] = False
        importlib.reload(tfdynconv)
    return tfdynconv
