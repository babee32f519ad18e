"""How far a long job is, on stderr, once it has taken three seconds."""

import sys
import threading
import time

FIRST = 3.0


class Progress:
    """While open, tells every so often what is done and since when; `self.what` may change on the way.

    On a terminal one line that is written over each second, elsewhere (a log) a line every ten.
    """

    def __init__(self, what, stream=None, first=FIRST, every=None):
        self.what, self.first = what, first
        self.stream = sys.stderr if stream is None else stream
        self.over = self.stream.isatty()
        self.every = every or (1.0 if self.over else 10.0)
        self.finished, self.width = threading.Event(), 0

    def __enter__(self):
        self.begin = time.monotonic()
        self.thread = threading.Thread(target=self.tell, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.finished.set()
        self.thread.join()
        if self.width:
            self.stream.write("\r" + " " * self.width + "\r")
            self.stream.flush()

    def tell(self):
        wait = self.first
        while not self.finished.wait(wait):
            text = f"tfdynconv: {self.what} ({time.monotonic() - self.begin:.0f} s)"
            self.stream.write("\r" + text.ljust(self.width) if self.over else text + "\n")
            self.stream.flush()
            self.width = max(self.width, len(text)) if self.over else 0
            wait = self.every
