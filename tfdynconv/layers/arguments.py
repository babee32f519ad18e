"""Handing on the arguments of an `__init__` whose signature already names them all."""


def passed(scope, *kept, **renamed):
    """The keyword arguments for `super().__init__`, from `locals()` at the top of an `__init__`.

    What the signature says once, and users and Keras read there, is not said again in a list of `name=name`. `kept` names
    arguments that the base has no use for; `renamed` gives its name for one: `passed(locals(), num_kernels="num_experts")`.

    >>> class Base:
    ...     def __init__(self, count, **kwargs):
    ...         self.received = count, kwargs
    >>> class Layer(Base):
    ...     def __init__(self, filters, experts=8, **kwargs):
    ...         super().__init__(**passed(locals(), count="experts"))
    >>> Layer(3, name="layer").received
    (8, {'filters': 3, 'name': 'layer'})
    """
    own = {
        name: value
        for name, value in scope.items()
        if name not in ("self", "kwargs", *kept) and not name.startswith("__")
    }
    for base_name, name in renamed.items():
        own[base_name] = own.pop(name)
    return {**own, **scope["kwargs"]}
