"""Batch normalisation behind a dynamic convolution, for a phone: its factors go into the bank, and only a sum is left.

`bn(conv(x, K) + b) = conv(x, s K) + s b + t` with `s = gamma / sqrt(variance + epsilon)` and `t = beta - s mean`, and what
scales every mixture of kernels scales every kernel. The converter does the same for ordinary convolutions.
"""

import contextlib
import dataclasses

import keras

from tfdynconv.layers.base_mixture import BaseMixture
from tfdynconv.layers.fold_norm import scale_and_shift
from tfdynconv.layers.walk import walk


@dataclasses.dataclass(frozen=True)
class Pair:
    """A mixing layer and the batch normalisation that alone reads its output."""

    layer: BaseMixture
    normalization: keras.layers.BatchNormalization

    def factors(self):
        """`(s, t)`, each `[filters]`."""
        s, t = scale_and_shift(self.normalization)
        return s.astype("float32"), t.astype("float32")


class Watch:
    """Who made a tensor and who normalised it, as far as a trace shows."""

    def __init__(self, model):
        self.made, self.normalized = [], []
        self.mixing = [layer for layer in walk(model) if isinstance(layer, BaseMixture)]
        self.normalizing = [layer for layer in walk(model) if type(layer) is keras.layers.BatchNormalization]

    @contextlib.contextmanager
    def watching(self):
        with contextlib.ExitStack() as stack:
            if self.mixing and self.normalizing:
                for layer in self.mixing:
                    stack.enter_context(called_through(layer, self.making(layer)))
                for layer in self.normalizing:
                    stack.enter_context(called_through(layer, self.normalizing_by(layer)))
            yield self

    def making(self, layer):
        def call(original, *args, **kwargs):
            output = original(*args, **kwargs)
            self.made.append((layer, output))
            return output

        return call

    def normalizing_by(self, layer):
        def call(original, inputs, *args, **kwargs):
            self.normalized.append((layer, inputs))
            return original(inputs, *args, **kwargs)

        return call

    def pairs(self):
        """Those that may be folded: each called once, with nothing between them and no other reader of the tensor."""
        makers = {id(output): (layer, output) for layer, output in self.made}
        for normalization, read in self.normalized:
            layer, output = makers.get(id(read), (None, None))
            if (
                layer is not None
                and count(layer, self.made) == count(normalization, self.normalized) == 1
                and layer.activation in (None, keras.activations.linear)
                and axis(normalization, output.shape.rank) == axis_of_channels(layer, output.shape.rank)
                and len(output.consumers()) == 1  # to be an output of the model counts as one
            ):
                yield Pair(layer, normalization)


def count(layer, calls):
    return sum(caller is layer for caller, _ in calls)


def axis(normalization, rank):
    found = normalization.axis
    (found,) = found if isinstance(found, (list, tuple)) else (found,)
    return found % rank


def axis_of_channels(layer, rank):
    return 1 if layer.data_format == "channels_first" and rank > 2 else rank - 1


@contextlib.contextmanager
def called_through(layer, call):
    """While open, `layer.call(...)` is `call(original, ...)`."""
    original = layer.call

    def through(*args, **kwargs):
        return call(original, *args, **kwargs)

    layer.call = through
    try:
        yield
    finally:
        del layer.call


@contextlib.contextmanager
def folded(pairs, phone):
    """While open, the mixing layers of a trace for `phone` have the factors in their banks, and the normalisations add."""
    with contextlib.ExitStack() as stack:
        for pair in pairs:
            phone.factors[id(pair.layer)], shift = pair.factors()
            if axis_of_channels(pair.layer, 4) == 1:
                shift = shift.reshape([-1, *[1] * pair.layer.rank])
            stack.enter_context(called_through(pair.normalization, adding(shift)))
        try:
            yield
        finally:
            phone.factors.clear()


def adding(shift):
    return lambda original, inputs, *args, **kwargs: inputs + shift
