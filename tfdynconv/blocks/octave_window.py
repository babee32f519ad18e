"""The window of an octave convolution: which channels are low, what the input must be, and the shapes that follow."""

import numbers

from tfdynconv.layers.conv_window import ConvWindow
from tfdynconv.ops.geometry import spatial_size, standardize_ints
from tfdynconv.ops.octaves import of_size


class OctaveWindow(ConvWindow):
    """For a `KernelLayer` whose input or output may be a pair (high, low), the second on a grid of half the size."""

    rank = 2

    def __init__(self, strides=1, alpha_in=0.5, alpha_out=0.5, **kwargs):
        super().__init__(**kwargs)  # its convolutions have no strides, and may be dilated
        self.strides = standardize_ints(strides, 2, "strides", self.label)
        if self.strides not in ((1, 1), (2, 2)):
            raise ValueError(
                f"{self.label}: `strides` must be 1 or 2, on both axes, made by pooling. Received: strides={strides!r}."
            )
        self.alpha_in = self.check_alpha("alpha_in", alpha_in)
        self.alpha_out = self.check_alpha("alpha_out", alpha_out)
        low = self.low_of(self.filters, "alpha_out", "filters")
        self.split_filters = [self.filters - low, low] if low else [self.filters]
        self.check_padding()
        self.input_spec = None  # one tensor or two: `apart` says what is wrong

    def check_alpha(self, name, value):
        if not isinstance(value, numbers.Real) or isinstance(value, bool) or not 0 <= value < 1:
            raise ValueError(f"{self.label}: `{name}` must be a number from 0 to below 1. Received: {name}={value!r}.")
        return value

    def check_padding(self):
        wanted = [(k - 1) * d for k, d in zip(self.kernel_size, self.dilation_rate)]
        sums = {"same": wanted, "valid": [0, 0]}.get(self.padding) if isinstance(self.padding, str) else None
        if wanted != (sums or [*map(sum, self.padding)]):
            raise ValueError(
                f"{self.label}: `padding` must keep the size, or the two grids do not fit: 'same', or numbers that add up to "
                f"{wanted}. Received: padding={self.padding!r}, kernel_size={self.kernel_size}, "
                f"dilation_rate={self.dilation_rate}."
            )

    def low_of(self, count, name, what):
        """How many of the channels are low."""
        alpha = getattr(self, name)
        low = int(alpha * count)
        if alpha and not low:
            raise ValueError(
                f"{self.label}: `{name}` leaves no low channel. Received: {name}={alpha}, {count} {what}. "
                f"Take more {what}, or {name}=0."
            )
        return low

    def apart(self, given):
        """(high, low) of tensors or of shapes; low is None where there is none."""
        is_shape = isinstance(given, (list, tuple)) and all(n is None or isinstance(n, int) for n in given)
        parts = list(given) if isinstance(given, (list, tuple)) and not is_shape else [given]
        shapes = [tuple(getattr(part, "shape", part)) for part in parts]
        if len(parts) != (2 if self.alpha_in else 1) or any(len(shape) != 4 for shape in shapes):
            form = "a pair (high, low) of 4-D tensors" if self.alpha_in else "one 4-D tensor"
            raise ValueError(
                f"{self.label}: with alpha_in={self.alpha_in} the input must be {form}. Received: shapes {shapes}. "
                "Set alpha_in=0 for one tensor, above 0 for a pair."
            )
        return parts[0], parts[1] if self.alpha_in else None

    def split_channels(self, input_shape):
        """Channels of [high, low], or of [high], once they and the sizes are seen to fit."""
        high, low = self.apart(input_shape)
        counts = [self.channels(shape) for shape in (high, low) if shape is not None]
        total, lows = sum(counts), sum(counts[1:])
        if lows != self.low_of(total, "alpha_in", "channels"):
            raise ValueError(
                f"{self.label}: of {total} channels int(alpha_in * {total}) must be low. Received: alpha_in={self.alpha_in}, "
                f"{counts[0]} high and {lows} low channels. Set `alpha_in` to the `alpha_out` of the layer before."
            )
        for n in self.space(high):
            if n is not None and n % self.divisor:
                raise ValueError(
                    f"{self.label}: height and width must be divisible by {self.divisor}, to be halved. Received: input shape "
                    f"{tuple(high)}. Pad or resize the images."
                )
        if low is not None and any(
            None not in (n, m) and n != 2 * m for n, m in zip(self.space(high), self.space(low))
        ):
            raise ValueError(
                f"{self.label}: the high tensor must be twice as high and wide as the low one. Received: shapes {tuple(high)} "
                f"and {tuple(low)}."
            )
        return counts

    @property
    def divisor(self):
        """What height and width of the high tensor must be divisible by."""
        if self.alpha_out:
            return 2 * self.strides[0]
        return 2 if self.alpha_in else self.strides[0]

    def of_known_size(self, high, low):
        """The inputs, channels last; sizes that are unknown yet are checked when they are known."""
        message = (
            f"{self.label}: height and width must be divisible by {self.divisor}, and twice those of the low tensor."
        )
        if low is not None and None in low.shape[1:3]:
            times = max(1, self.divisor // 2)
            low = of_size(low, [n // times * times for n in spatial_size(low, 2)], message)
        if None in high.shape[1:3]:
            if low is None:
                size = [n // self.divisor * self.divisor for n in spatial_size(high, 2)]
            else:
                size = [2 * n for n in spatial_size(low, 2)]
            high = of_size(high, size, message)
        return high, low

    def is_depthwise(self, channels):
        """Each channel a group: no channel goes from one grid to the other."""
        return self.groups == channels > 1 and bool(self.alpha_in or self.alpha_out)

    def kernel_shape(self, split):
        """`Conv2D`'s, for [high, low] channels."""
        total, lows = sum(split), self.split_filters[1:] or [0]
        if self.is_depthwise(total):
            if sum(split[1:]) * self.filters != lows[0] * total:
                raise ValueError(
                    f"{self.label}: where each channel is a group, low filters must belong to low channels. Received: "
                    f"{sum(split[1:])} of {total} channels low, {lows[0]} of {self.filters} filters. "
                    "Set alpha_out to alpha_in, and filters to a multiple of the channels."
                )
        elif any(n % self.groups for n in (*split, *self.split_filters)):
            raise ValueError(
                f"{self.label}: `groups` must divide high and low channels and filters. Received: groups={self.groups}, "
                f"channels {split}, filters {self.split_filters}."
            )
        return super().kernel_shape(total)

    def output_size(self, input_shape):
        """Of the high output."""
        high, _ = self.apart(input_shape)
        return tuple(None if n is None else n // self.strides[0] for n in self.space(high))

    def compute_output_shape(self, input_shape):
        size, batch = self.output_size(input_shape), self.apart(input_shape)[0][0]
        sizes = [size, [None if n is None else n // 2 for n in size]]
        first = self.data_format == "channels_first"
        shapes = [(batch, c, *n) if first else (batch, *n, c) for c, n in zip(self.split_filters, sizes)]
        return tuple(shapes) if self.alpha_out else shapes[0]

    def get_config(self):
        return {**super().get_config(), "alpha_in": self.alpha_in, "alpha_out": self.alpha_out}
