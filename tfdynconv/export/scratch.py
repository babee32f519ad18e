"""A temporary folder beside the file to be, where everything is written until it is checked."""

import contextlib
import errno
import os
import re
import tempfile

import tensorflow as tf

FULL = re.compile(r"No space left on device|File too large|Disk quota exceeded|RESOURCE_EXHAUSTED")


@contextlib.contextmanager
def scratch_folder(path):
    """So that the finished file can be moved into place in one step. A full disk becomes an error that says so."""
    folder, name = os.path.split(os.path.abspath(path))
    try:
        scratch = tempfile.TemporaryDirectory(prefix=f".{name}.", dir=folder)
    except OSError as error:
        raise ValueError(
            f"to_tflite: cannot write in the folder of path={path!r}: {error.strerror}. Make the folder first, or choose "
            "another that you may write in."
        ) from error
    with scratch as place:
        try:
            yield place
        except (OSError, tf.errors.OpError, ValueError) as error:
            if not is_full(error):
                raise
            raise ValueError(
                f"to_tflite: the disk of path={path!r} is full, so no file was written. An export needs about ten times the "
                "size of its file for a while. Make room, or choose a path on another disk."
            ) from error


def is_full(error):
    """Whether a failure, of this process, of TensorFlow or of a worker, was for want of room."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
    return bool(FULL.search(str(error)))


def put_in_place(draft, path):
    try:
        os.replace(draft, path)
    except OSError as error:
        raise ValueError(
            f"to_tflite: cannot put the file in place, path={path!r}: {error.strerror}. Choose a path that you may write to."
        ) from error
