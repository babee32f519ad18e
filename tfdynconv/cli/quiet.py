"""TensorFlow's libraries greet on stderr while they load, past its own setting for logs; a command tells what matters."""

import contextlib
import os
import sys
import tempfile


@contextlib.contextmanager
def quiet():
    """While open, what is written to the process's stderr waits, and is told only if the block fails.

    Gives a stream on the stderr of before, for what must not wait.
    """
    try:
        descriptor = sys.stderr.fileno()
    except (AttributeError, OSError):  # somebody's own stream, which libraries do not write to
        yield sys.stderr
        return
    sys.stderr.flush()
    with tempfile.TemporaryFile() as waiting, os.fdopen(os.dup(descriptor), "w") as before:
        os.dup2(waiting.fileno(), descriptor)
        failed = True
        try:
            yield before
            failed = False
        finally:
            sys.stderr.flush()
            os.dup2(before.fileno(), descriptor)
            if failed:
                waiting.seek(0)
                os.write(descriptor, waiting.read())
