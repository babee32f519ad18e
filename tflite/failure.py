"""What the user can mend is told in one line, without a traceback."""


class Failure(Exception):
    """Something that the user can mend; the message says how."""
