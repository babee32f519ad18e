"""From calls to what is counted: one row for each layer that is counted as a whole."""

import dataclasses
import math
import typing

import keras

from tfdynconv.export.quantization import own_weights
from tfdynconv.export.static_twin import DYNAMIC
from tfdynconv.layers.cost import is_counted, multiply_adds, static_cost, trained_weights
from tfdynconv.layers.walk import walk
from tfdynconv.routing import Routing

K = keras.layers
# With weights, but by the rules of `CondConv2D.cost` without multiply-adds: they scale, or look up.
FREE = (K.BatchNormalization, K.LayerNormalization, K.GroupNormalization, K.Embedding, K.PReLU, K.Normalization)


class Weights(typing.NamedTuple):
    """How many numbers are in kernels and matrices, and how many in vectors."""

    kernels: int = 0
    vectors: int = 0

    def sizes(self):
        """Bytes of them in a `.tflite`, by quantisation; in 8 bits vectors stay float32."""
        return {"float32": 4 * sum(self), "float16": 2 * sum(self), "int8": self.kernels + 4 * self.vectors}


@dataclasses.dataclass
class Counted:
    """A layer, the calls of it, and what they cost for a sample; and what stands there in the static twin."""

    layer: keras.layers.Layer
    calls: list
    weights: Weights
    multiply_adds: typing.Optional[int]
    twin_weights: Weights
    twin_multiply_adds: typing.Optional[int]

    @property
    def has_choices(self):
        """Whether a layer in it may be computed in another way elsewhere."""
        return not self.calls[0].own and any(is_dynamic(layer) for layer in walk(self.layer))


def rows(calls):
    """A `Counted` for each layer, in the order of their first calls."""
    return [counted(found) for found in by_layer(calls).values()]


def by_layer(calls):
    """`{id(layer): calls}` of the layers that are counted as a whole."""
    found = {}
    for call in outermost(calls):
        found.setdefault(id(call.layer), []).append(call)
    return found


def counted(calls):
    """All calls of one layer: its weights count once, its multiply-adds as often as it is called."""
    twins = [twin_of(call) for call in calls]
    adds = total(multiply_adds_of(call) for call in calls)
    return Counted(calls[0].layer, calls, weights_of(calls[0]), adds, twins[0][0], total(adds for _, adds in twins))


def outermost(calls):
    """Models, and layers of the user's own that do not count themselves, give way to what is inside them."""
    for call in calls:
        if is_whole(call):
            yield call
        else:
            if own_weights(call.layer):
                yield dataclasses.replace(call, inside=[], own=True)
            yield from outermost(call.inside)


def is_whole(call):
    if isinstance(call.layer, keras.Model):
        return False
    return is_counted(call.layer) or is_of_keras(call.layer) or not call.inside


def is_of_keras(layer):
    return type(layer).__module__.split(".")[0] == "keras"


def is_dynamic(layer):
    """Whether the static twin has another layer, or none, in its place."""
    return isinstance(layer, (Routing, *DYNAMIC))


def weights_of(call):
    own = {id(weight) for weight in own_weights(call.layer)} if call.own else None
    shapes = [weight.shape for weight in trained_weights(call.layer) if own is None or id(weight) in own]
    return Weights(
        sum(math.prod(shape) for shape in shapes if len(shape) > 1),
        sum(math.prod(shape) for shape in shapes if len(shape) < 2),
    )


def multiply_adds_of(call):
    """None for what cannot be counted: weights in a layer that nothing is known of."""
    if call.own or (call.layer.weights and not is_counted(call.layer) and not isinstance(call.layer, FREE)):
        return None
    return multiply_adds(call.layer, call.input_shape)


def twin_of(call):
    """(weights, multiply-adds) of a call in the static twin: routings away, mixing layers with one kernel."""
    if isinstance(call.layer, Routing):
        return Weights(), 0
    if is_dynamic(call.layer):
        kernel, bias, adds = static_cost(call.layer, call.input_shape)
        return Weights(kernel, bias), adds
    (kernels, vectors), adds = weights_of(call), multiply_adds_of(call)
    for inner in replaced(call.inside):
        old, (new, new_adds), old_adds = weights_of(inner), twin_of(inner), multiply_adds_of(inner)
        kernels, vectors = kernels - old.kernels + new.kernels, vectors - old.vectors + new.vectors
        adds = None if None in (adds, old_adds, new_adds) else adds - old_adds + new_adds
    return Weights(kernels, vectors), adds


def replaced(calls):
    """The outermost calls that are others in the twin."""
    for call in calls:
        if is_dynamic(call.layer):
            yield call
        else:
            yield from replaced(call.inside)


def total(numbers):
    """The sum, None where a part of it is not known."""
    numbers = list(numbers)
    return None if None in numbers else sum(numbers)
