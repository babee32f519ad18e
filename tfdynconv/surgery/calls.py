"""Calls of layers, and pointers to the tensors that go from one to the other."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Ref:
    """The output number `index` of a call."""

    call: object
    index: int


def map_refs(function, nest):
    """The nest with `function(ref)` in the place of every `Ref`; constants stay as they are."""
    if isinstance(nest, Ref):
        return function(nest)
    if isinstance(nest, dict):
        return type(nest)((key, map_refs(function, value)) for key, value in nest.items())
    if isinstance(nest, tuple) and hasattr(nest, "_fields"):
        return type(nest)(*[map_refs(function, value) for value in nest])
    if isinstance(nest, (list, tuple)):
        return type(nest)(map_refs(function, value) for value in nest)
    return nest


@dataclasses.dataclass
class Call:
    """One call of a layer: `args` and `kwargs` are nests of constants and of `Ref`s to what other calls return."""

    layer: object
    args: tuple = ()
    kwargs: dict = dataclasses.field(default_factory=dict)

    def refs(self):
        """What it reads, as often as it reads it."""
        found = []
        map_refs(found.append, (self.args, self.kwargs))
        return found

    def source(self):
        """The `Ref` that is its first argument, or None."""
        return self.args[0] if self.args and isinstance(self.args[0], Ref) else None
