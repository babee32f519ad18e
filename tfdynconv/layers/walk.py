"""Every layer of a model, wherever it is kept."""

import keras


def walk(model):
    """Yield a model or layer and all Keras layers inside it, each once, owners before what they own.

    `model.layers` stops at the first level, and Keras has no public way down that is the same in all its versions. This one
    follows the attributes: nested models, layers in layers, in lists, tuples and dicts. Metrics, which are layers in Keras 2,
    are left out.

    Args:
        model: a `keras.Model` or `keras.layers.Layer`.

    >>> import keras
    >>> block = keras.Sequential([keras.layers.Dense(3, name="inner")], name="block")
    >>> model = keras.Sequential([block, keras.layers.ReLU(name="last")], name="model")
    >>> [layer.name for layer in walk(model)]
    ['model', 'block', 'inner', 'last']
    """
    for layer, _ in walk_paths(model):
        yield layer


def walk_paths(model):
    """As `walk`, each with the names of its owners and itself; the first, that of the model, is left out."""
    seen = set()
    waiting = [(model, None)]
    while waiting:
        value, path = waiting.pop()
        if id(value) in seen:
            continue
        if isinstance(value, keras.layers.Layer) and not isinstance(value, keras.metrics.Metric):
            inside = list(vars(value).values())
            if isinstance(value, keras.Sequential):
                seen.update(id(v) for v in inside if twin(v, value))
            path = () if path is None else (*path, value.name)
            yield value, path
        elif isinstance(value, (list, tuple)):
            inside = list(value)
        elif isinstance(value, dict):
            inside = list(value.values())
        else:
            continue
        seen.add(id(value))
        waiting.extend((v, path) for v in reversed(inside))


def names(model, kinds):
    """`{layer: name}` for all layers of these classes in a model: a name that no other of them has.

    Its own, with as many of its owners' names before it as that takes.

    >>> import keras
    >>> first, second = (keras.Sequential([keras.layers.ReLU(name="relu")], name=name) for name in ("first", "second"))
    >>> model = keras.Sequential([first, second, keras.layers.ReLU(name="last")])
    >>> list(names(model, keras.layers.ReLU).values())
    ['first/relu', 'second/relu', 'last']
    """
    paths = {layer: path or (layer.name,) for layer, path in walk_paths(model) if isinstance(layer, kinds)}
    found = {}
    for number, (layer, path) in enumerate(paths.items()):
        others = [other for each, other in paths.items() if each is not layer]
        tails = (path[-length:] for length in range(1, len(path) + 1))
        unique = (tail for tail in tails if not any(other[-len(tail) :] == tail for other in others))
        found[layer] = "/".join(next(unique, (*path, str(number))))
    return found


def twin(value, sequential):
    """Whether this is the functional model of the same layers that Keras 3 keeps inside a built `Sequential`."""
    if not isinstance(value, keras.Model) or value in sequential.layers:
        return False
    own = [layer for layer in value.layers if not isinstance(layer, keras.layers.InputLayer)]
    return own == sequential.layers
