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
    seen = set()
    waiting = [model]
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        if isinstance(value, keras.layers.Layer) and not isinstance(value, keras.metrics.Metric):
            inside = list(vars(value).values())
            if isinstance(value, keras.Sequential):
                seen.update(id(v) for v in inside if twin(v, value))
            yield value
        elif isinstance(value, (list, tuple)):
            inside = list(value)
        elif isinstance(value, dict):
            inside = list(value.values())
        else:
            continue
        seen.add(id(value))
        waiting.extend(reversed(inside))


def twin(value, sequential):
    """Whether this is the functional model of the same layers that Keras 3 keeps inside a built `Sequential`."""
    if not isinstance(value, keras.Model) or value in sequential.layers:
        return False
    own = [layer for layer in value.layers if not isinstance(layer, keras.layers.InputLayer)]
    return own == sequential.layers
