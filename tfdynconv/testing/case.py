"""What the harness must know about a layer before it can try it."""

import dataclasses
import inspect
import typing

import keras
import numpy as np


def one_for_each_kernel(layer, inputs, weights):
    """Coefficients `[batch, n]`; where each filter has its own, the same for all filters."""
    channels = inputs.shape[1 if layer.data_format == "channels_first" else -1]
    shape = layer.coefficient_shape(channels)
    apart = np.reshape(weights, (*weights.shape, *[1] * (len(shape) - 1)))
    return np.broadcast_to(apart, (len(weights), *shape)).astype("float32")


@dataclasses.dataclass(frozen=True, eq=False)
class LayerCase:
    """A layer, and how the checks are to make and feed it.

    Args:
        layer: the class.
        arguments: the arguments that it is made with: as few, and as small, as show what it does.
        input_shape: of one sample, channels last.
        variants: dicts of further arguments. Together with `arguments` they give every argument of the layer a value
            that is not its default, so that the checks of its config mean something.
        count: the name of the argument that says how many kernels the bank has; None for a layer without a bank.
        twin: the Keras layer that this one becomes when its coefficients stand still, whose kernel is laid out as one
            kernel of the bank; None where there is none.
        given: `(layer, inputs, weights [batch, n]) -> coefficients` for the layer's call, in which the kernels of the bank
            have these weights and nothing else acts.
        exceptions: `{name of a check: reason}` for the checks that this layer cannot pass. The harness tries them all
            the same, and fails where one passes.
        compared_in: the dtype in which eager, graph and XLA are compared: float64 where a gradient is the small difference
            of large numbers.

    >>> import tfdynconv
    >>> case = LayerCase(tfdynconv.CondConv2D, {"filters": 4, "kernel_size": 3}, input_shape=(5, 5, 2))
    >>> case.make(strides=2).strides
    (2, 2)
    """

    layer: type
    arguments: dict
    input_shape: tuple
    variants: tuple = ()
    count: typing.Optional[str] = "num_kernels"
    twin: typing.Optional[type] = None
    given: typing.Callable = one_for_each_kernel
    exceptions: dict = dataclasses.field(default_factory=dict)
    compared_in: str = "float32"

    def __str__(self):
        return self.layer.__name__

    def sets(self):
        """All sets of arguments: the plain one, then the variants."""
        return [dict(self.arguments), *({**self.arguments, **variant} for variant in self.variants)]

    def make(self, arguments=None, **more):
        """A new layer; layers among the arguments (a routing, say) are copied, so that no two tries share state."""
        arguments = {**(self.arguments if arguments is None else arguments), **more}
        return self.layer(**{name: fresh(value) for name, value in arguments.items()})

    def made(self, arguments=None, seed=1, **more):
        """A new layer that is built, with all its trainable weights drawn at random."""
        layer = self.make(arguments, **more)
        layer.build((None, *self.sample_shape({**(arguments or {}), **more})))
        redraw(layer, seed)
        return layer

    def sample_shape(self, arguments=None):
        """Shape of one sample for these arguments: channels come first where they ask for it."""
        if (arguments or {}).get("data_format") == "channels_first":
            return (self.input_shape[-1], *self.input_shape[:-1])
        return self.input_shape

    def inputs(self, batch, arguments=None, seed=0):
        shape = (batch, *self.sample_shape(arguments))
        return np.random.default_rng(seed).normal(size=shape).astype("float32")

    def parameters(self):
        """The layer's own `__init__` parameters, by name."""
        found = inspect.signature(self.layer.__init__).parameters
        variadic = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        return {name: p for name, p in found.items() if name != "self" and p.kind not in variadic}


def fresh(value):
    return type(value).from_config(value.get_config()) if isinstance(value, keras.layers.Layer) else value


def redraw(layer, seed=1):
    """Draw all trainable weights anew: an initial value of zero, or of equal kernels, would hide what they do."""
    random = np.random.default_rng(seed)
    for weight in layer.trainable_weights:
        weight.assign(random.normal(scale=0.5, size=tuple(weight.shape)))


def variable(weight):
    """The TensorFlow variable of a weight, which gradient tapes want: Keras 3 keeps it inside its own."""
    return weight if callable(getattr(weight, "value", None)) else weight.value
