"""A Sequential or functional model as a list of calls that can be read, planned on and made again."""

import dataclasses

import keras

from tfdynconv import _compat
from tfdynconv.surgery import keras2_config, keras3_config
from tfdynconv.surgery.calls import Call, Ref, map_refs


@dataclasses.dataclass
class Graph:
    """Calls in an order in which they can run, input layers among them; `inputs` and `outputs` are nests of `Ref`s."""

    calls: list
    inputs: object
    outputs: object

    def readers(self):
        """`{ref: how many calls and outputs read it}`."""
        counts = {}
        found = [ref for call in self.calls for ref in call.refs()]
        map_refs(found.append, self.outputs)
        for ref in found:
            counts[ref] = counts.get(ref, 0) + 1
        return counts


def is_sequential(layer):
    return type(layer) is keras.Sequential


def is_functional(layer):
    """Made by `keras.Model(inputs, outputs)`: a class of a user's own may do anything besides."""
    return isinstance(layer, keras.Model) and type(layer).__name__ == "Functional" and bool(layer.inputs)


def is_graph(layer):
    return is_sequential(layer) or is_functional(layer)


def check_model(model, caller):
    """Raise `ValueError` for what is no built Sequential or functional model."""
    if not isinstance(model, keras.Model):
        raise ValueError(f"{caller}: expected a Keras model. Received: {type(model).__name__}.")
    if not is_graph(model):
        raise ValueError(
            f"{caller}: only Sequential and functional models tell which layer reads which. Received: {type(model).__name__} "
            f"{model.name!r}, a class of your own. Give the functional model inside it, or make one: "
            "keras.Model(inputs, outputs), from calls of its layers on keras.Input(shape); then put the result in its place."
        )
    if not model.built or (is_sequential(model) and not sequential_inputs(model)):
        raise ValueError(
            f"{caller}: model {model.name!r} has no weights yet. Build it, or give it an Input: "
            "keras.Sequential([keras.Input(shape), ...])."
        )


def sequential_inputs(model):
    """The symbolic input of a Sequential in a list, or an empty one."""
    try:
        return model.inputs or []
    except ValueError:  # Keras 3, for a model whose layers could not be called on symbols
        return []


def read(model):
    """The `Graph` of a built model; the models inside it stay calls of one layer."""
    if is_sequential(model):
        layers = [None, *model.layers]
        calls = [Call(layer, (Ref(i - 1, 0),) if i else ()) for i, layer in enumerate(layers)]
        return Graph(calls, Ref(0, 0), Ref(len(layers) - 1, 0))
    dialect = keras3_config if _compat.KERAS_3 else keras2_config
    return in_order(*dialect.nodes(model))


def in_order(nodes, inputs, outputs):
    """From `{(layer name, index): Call}`, whose refs have such keys, to a graph of calls each behind what it reads."""
    waiting, place = dict(nodes), {}
    while waiting:
        ready = False
        for key, call in list(waiting.items()):
            if all(ref.call in place for ref in call.refs()):
                place[key] = len(place)
                del waiting[key]
                ready = True
        if not ready:
            raise ValueError(f"tfdynconv.surgery: a model whose calls wait for one another: {sorted(waiting)}.")

    def placed(ref):
        return Ref(place[ref.call], ref.index)

    calls = [
        Call(nodes[key].layer, map_refs(placed, nodes[key].args), map_refs(placed, nodes[key].kwargs)) for key in place
    ]
    return Graph(calls, map_refs(placed, inputs), map_refs(placed, outputs))
