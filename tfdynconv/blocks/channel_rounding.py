"""How wide the hidden layer of an attention is."""


def hidden_width(channels, ratio, divisor=8, least=1, round_limit=0.9):
    """A share of the channels: with a `divisor` the multiple of it that is nearest (timm's rule), else rounded down.

    Args:
        divisor: an int, or None.
        least: the least width.
        round_limit: what may be lost by rounding; a multiple that is less than this share is followed by the next.

    >>> [hidden_width(channels, 1 / 16, round_limit=0.0) for channels in (16, 64, 72, 256)]
    [8, 8, 8, 16]
    >>> hidden_width(100, 0.5, least=32), hidden_width(100, 0.5, divisor=None, least=32)
    (48, 50)
    """
    share = channels * ratio
    if divisor is None:
        return max(least, int(share))
    width = max(least, divisor, int(share + divisor / 2) // divisor * divisor)
    return width + divisor if width < round_limit * share else width


class HiddenWidth:
    """For a block with such an attention: the arguments about its width, `min_hidden` where the block has it."""

    def set_width(self, reduction_ratio, hidden_units, divisor, **min_hidden):
        if not reduction_ratio > 0:
            raise ValueError(
                f"{self.label}: `reduction_ratio` must be positive. Received: reduction_ratio={reduction_ratio!r}."
            )
        given = {"hidden_units": hidden_units, "divisor": divisor, **min_hidden}
        for name, value in given.items():
            if value is not None:
                self.check_positive(name, value)
        self.widths = {"reduction_ratio": reduction_ratio, **given}

    def width(self, channels, round_limit=0.9):
        ratio, hidden_units, divisor, *least = self.widths.values()
        return hidden_units or hidden_width(channels, ratio, divisor, *least, round_limit=round_limit)

    def get_config(self):
        return {**super().get_config(), **self.widths}
