"""What the layers of a model compute on their way: coefficients, guides, offsets, kernels, for whoever watches.

A layer says `note(self, coefficients=a)` where it has computed something worth a look. While nobody watches, that is all that
happens: no op is added to any graph. Within `watching()` the values are kept, those of a layer inside nested, subclassed
and functional models alike, since each of them calls its layers in the end.
"""

import contextlib
import threading

import tensorflow as tf

_scope = threading.local()


class Watch:
    """What was seen: `notes`, a list of (layer, {name: tensor}) in the order of the calls.

    Out of sight is what runs in a graph of its own, a `tf.function` or a loop inside the model: its tensors cannot leave it.
    """

    def __init__(self):
        self.notes, self.graph = [], current_graph()

    def add(self, layer, values):
        if current_graph() is self.graph:
            self.notes.append((layer, values))


def current_graph():
    """The graph that is being traced, None in eager execution."""
    return None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()


@contextlib.contextmanager
def watching():
    """While open, what layers of this thread note is kept.

    >>> import tensorflow as tf, tfdynconv
    >>> layer = tfdynconv.CondConv2D(4, 1, num_experts=3)
    >>> with watching() as watch:
    ...     y = layer(tf.ones([2, 5, 5, 1]))
    >>> [(layer.name == seen.name, values["coefficients"].shape) for seen, values in watch.notes]
    [(True, TensorShape([2, 3]))]
    """
    before = getattr(_scope, "watch", None)
    _scope.watch = watch = Watch()
    try:
        yield watch
    finally:
        _scope.watch = before


def note(layer, **values):
    """Show what a layer computed to whoever watches."""
    watch = getattr(_scope, "watch", None)
    if watch is not None:
        watch.add(layer, values)
