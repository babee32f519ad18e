"""What the user can mend is told in one line, without a traceback."""


class Failure(Exception):
    """Something that the user can mend; the message says how."""


def one_line(error, most=700):
    """An error's text in one line, cut where it grows into a page, as the converter's may."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= most else f"{text[:most]} ..."
