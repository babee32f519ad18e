"""What of a model folds into what, and why the rest does not."""

import collections
import dataclasses

import keras

from tfdynconv.layers.walk import walk
from tfdynconv.surgery.calls import Ref
from tfdynconv.surgery.copies import copied
from tfdynconv.surgery.fold_layers import axis_of_channels, folded, kind_of
from tfdynconv.surgery.graph import is_graph, is_sequential, read
from tfdynconv.surgery.rebuild import Replacement

LINEAR = (None, keras.activations.linear)


@dataclasses.dataclass(frozen=True)
class Fold:
    """A layer, the convolution that it folds to (itself, if it is one), and the normalisation that goes in too."""

    layer: object
    parts: tuple
    norm: object = None


class Plan:
    """The folds of a model by the id of their layer, and `kept`, `[(layer, reason)]`."""

    def __init__(self, model):
        self.graphs = [(inner, read(inner)) for inner in graphs_of(model)]
        self.calls = collections.Counter(id(call.layer) for _, graph in self.graphs for call in graph.calls)
        self.layers = {
            id(call.layer): call.layer for _, graph in self.graphs for call in graph.calls if call.layer is not None
        }
        self.folds, self.kept = {}, []
        for layer in self.layers.values():
            if not is_graph(layer):
                self.look_at(layer)
        for _, graph in self.graphs:
            readers = graph.readers()
            for call in graph.calls:
                if is_norm(call.layer):
                    self.look_at_norm(call, graph, readers)

    def look_at(self, layer):
        """A block that folds by itself; what is inside others is out of reach."""
        if callable(getattr(layer, "fold", None)):
            try:
                self.folds[id(layer)] = Fold(layer, parts_of(layer.fold()))
            except ValueError as error:
                self.kept.append((layer, str(error)))
        elif isinstance(layer, keras.layers.Layer):
            inner = [part for part in walk(layer) if part is not layer and folds(part)]
            self.kept += [(part, f"inside of {named(layer)}, which has no `fold()`") for part in inner]

    def look_at_norm(self, call, graph, readers):
        reason = self.refusal(call, graph, readers)
        if reason:
            self.kept.append((call.layer, reason))
            return
        layer = graph.calls[call.source().call].layer
        parts = self.folds[id(layer)].parts if id(layer) in self.folds else (layer,)
        self.folds[id(layer)] = Fold(layer, parts, call.layer)

    def refusal(self, call, graph, readers):
        """Why this normalisation does not fold, or None."""
        norm, source = call.layer, call.source()
        if self.calls[id(norm)] > 1:
            return f"it is a shared layer, called {self.calls[id(norm)]} times"
        if call.kwargs.get("training"):
            return "it is called with training=True and normalises with the batch's own statistics"
        if not isinstance(source, Ref):
            return "it does not read the output of one layer"
        maker = graph.calls[source.call]
        layer = maker.layer
        if layer is None or isinstance(layer, keras.layers.InputLayer):
            return "no convolution before it: it reads an input of the model"
        parts = self.folds[id(layer)].parts if id(layer) in self.folds else (layer,)
        conv = parts[-1]
        if kind_of(conv) is None:
            before = maker.source() and graph.calls[maker.source().call].layer
            between = before is not None and kind_of(before) is not None and not layer.weights
            return f"{named(layer)} stands between it and a convolution" if between else f"it reads {named(layer)}"
        if self.calls[id(layer)] > 1:
            return f"{named(layer)} is a shared layer, called {self.calls[id(layer)]} times"
        if readers[source] > 1:
            return f"the output of {named(layer)} is used elsewhere too"
        if conv.activation not in LINEAR:
            return f"{named(layer)} has an activation, which stands between"
        if conv.activity_regularizer is not None:
            return f"the activity regularizer of {named(layer)} reads what would be gone"
        if getattr(conv, "lora_enabled", False) or getattr(conv, "quantization_mode", None):
            return f"{named(layer)} keeps its kernel in another form (LoRA or quantised)"
        if conv.compute_dtype != norm.compute_dtype:
            return f"it computes in {norm.compute_dtype}, {named(layer)} in {conv.compute_dtype}"
        return self.other_axis(norm, conv, maker, graph)

    def other_axis(self, norm, conv, maker, graph):
        rank = rank_of(conv, norm)
        (axis,) = norm.axis if isinstance(norm.axis, (list, tuple)) else (norm.axis,)
        if rank is None or axis % rank == axis_of_channels(conv, rank):
            return None
        return f"it normalises axis {axis}, the channels of {named(conv)} are axis {axis_of_channels(conv, rank)}"

    def replacements(self):
        """`{id(layer): Replacement}` for `rebuild`."""
        found = {}
        names = {layer.name for layer in self.layers.values()}
        for fold in self.folds.values():
            *before, conv = fold.parts
            before = [renamed(part, fold.layer, names) for part in before]
            if fold.norm is None:
                found[id(fold.layer)] = Replacement([*before, conv])
                continue
            new, fill = folded(conv, fold.norm)
            found[id(fold.layer)] = Replacement([*before, new], fill)
            found[id(fold.norm)] = Replacement([])
        return found


def graphs_of(model):
    """The model and the Sequential and functional models inside it, each once."""
    found, waiting = {}, [model]
    while waiting:
        inner = waiting.pop()
        if id(inner) not in found:
            found[id(inner)] = inner
            waiting += [layer for layer in reversed(inner.layers) if is_graph(layer)]
    return list(found.values())


def parts_of(result):
    return tuple(result.layers) if is_sequential(result) else (result,)


def renamed(part, owner, names):
    """A layer without weights that stands before the convolution, by a name that the model has not."""
    base = f"{owner.name}_{'padding' if 'Padding' in type(part).__name__ else type(part).__name__.lower()}"
    name = next(n for n in (base, *(f"{base}_{i}" for i in range(1, len(names) + 2))) if n not in names)
    names.add(name)
    return copied(part, name=name)


def rank_of(conv, norm):
    """The rank of what goes from one to the other."""
    spec = norm.input_spec[0] if isinstance(norm.input_spec, (list, tuple)) else norm.input_spec
    return getattr(spec, "ndim", None)


def is_norm(layer):
    return type(layer) is keras.layers.BatchNormalization


def folds(layer):
    return is_norm(layer) or callable(getattr(layer, "fold", None))


def named(layer):
    return f"{type(layer).__name__} {layer.name!r}"
