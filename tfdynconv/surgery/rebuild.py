"""A model once more, with other layers in the place of some."""

import dataclasses
import typing

import keras
import tensorflow as tf

from tfdynconv import _compat
from tfdynconv.surgery.calls import map_refs
from tfdynconv.surgery.copies import copied, give_flag, give_flags, give_weights
from tfdynconv.surgery.graph import is_graph, is_sequential, read


@dataclasses.dataclass
class Replacement:
    """New layers, one behind the other, for an old one; none where what it reads is passed on as it is.

    `fill` is called when they are built, to give them weights.
    """

    layers: list
    fill: typing.Callable = lambda: None


def rebuild(model, replacements):
    """A new model of new layers: those of `replacements`, `{id(old layer): Replacement}`, and copies of the others.

    A layer that is used twice, in whichever of the models inside, stays one layer.
    """
    return Made(replacements).model(model)


class Made:
    """The new layers by the old ones."""

    def __init__(self, replacements):
        self.replacements = replacements
        self.pairs = {}  # id(old): (old, [new]), owners before what they own
        self.calls = {}  # id(old functional model): [(old layer, shape of its input)]

    def model(self, old):
        (new,) = self.layers_for(old)
        self.give_all()
        return new

    def runs(self, old):
        """`[(old layer, new layers, input shape)]` for each time that a layer runs when the model does."""
        if is_sequential(old):
            calls, shape = [], tuple(self.layers_for(old)[0].inputs[0].shape)
            for layer in old.layers:
                calls.append((layer, shape))
                for new in self.layers_for(layer):
                    shape = tuple(new.compute_output_shape(shape))
        else:
            calls = self.calls[id(old)]
        found = []
        for layer, shape in calls:
            found += self.runs(layer) if is_graph(layer) else [(layer, self.layers_for(layer), shape)]
        return found

    def layers_for(self, layer):
        if id(layer) not in self.pairs:
            self.pairs[id(layer)] = (layer, [])
            self.pairs[id(layer)][1].extend(self.make(layer))
        return self.pairs[id(layer)][1]

    def make(self, layer):
        if id(layer) in self.replacements:
            return self.replacements[id(layer)].layers
        if is_sequential(layer):
            return [self.sequential(layer)]
        return [self.functional(layer) if is_graph(layer) else copied(layer)]

    def sequential(self, model):
        layers = [new for layer in model.layers for new in self.layers_for(layer)]
        first = model.get_config()["layers"][0]
        if first["class_name"] == "InputLayer":
            layers = [keras.layers.InputLayer.from_config(first["config"]), *layers]
        return keras.Sequential(layers, name=model.name)

    def functional(self, model):
        graph, values, calls = read(model), [], []

        def tensor(ref):
            return values[ref.call][ref.index]

        for call in graph.calls:
            if isinstance(call.layer, keras.layers.InputLayer):
                (new,) = self.layers_for(call.layer)
                values.append(flat(new.output))
                continue
            args, kwargs = map_refs(tensor, call.args), map_refs(tensor, call.kwargs)
            calls.append((call.layer, tuple(getattr(args[0], "shape", ()) if args else ())))
            if id(call.layer) in self.replacements:
                output = in_a_row(self.layers_for(call.layer), *args, **kwargs)
            else:
                (new,) = self.layers_for(call.layer)
                output = new(*args, **kwargs)
            values.append(flat(output))
        self.calls[id(model)] = calls
        return keras.Model(map_refs(tensor, graph.inputs), map_refs(tensor, graph.outputs), name=model.name)

    def give_all(self):
        for old, new in self.pairs.values():
            for layer in new:
                if isinstance(layer, keras.layers.Layer):
                    give_flag(layer, old.trainable)
            if is_graph(old) or not isinstance(old, keras.layers.Layer):
                continue
            if len(new) == 1 and type(new[0]) is type(old):
                give_flags(old, new[0])  # first: in Keras 2 they order the weights
            if id(old) not in self.replacements:
                give_weights(old, new[0])
        for replacement in self.replacements.values():
            replacement.fill()


def in_a_row(layers, inputs, *args, **kwargs):
    """The first layer takes all arguments of the call, but those about training and masks, which not all layers know."""
    kwargs = {name: value for name, value in kwargs.items() if name not in ("training", "mask")}
    for layer in layers:
        inputs = layer(inputs, *args, **kwargs)
        args, kwargs = (), {}
    return inputs


def flat(nest):
    return keras.tree.flatten(nest) if _compat.KERAS_3 else tf.nest.flatten(nest)
