"""What others call is typed: every argument and result of the public names of `ops`, `routing` and `export`."""

import inspect

import pytest

from tfdynconv import export, ops, routing

PUBLIC = {
    f"{package.__name__}.{name}": value
    for package in (ops, routing, export)
    for name, value in vars(package).items()
    if callable(value) and getattr(value, "__module__", "").startswith(package.__name__)
}


def functions(value):
    """A function itself, or the public methods that a class defines."""
    if inspect.isfunction(value):
        return [value]
    found = [member for member in vars(value).values() if inspect.isfunction(member)]
    return [f for f in found if not f.__name__.startswith("_") or f.__name__ == "__init__"]


def test_there_are_such_names():
    assert {"tfdynconv.ops.per_sample_conv", "tfdynconv.routing.Routing", "tfdynconv.export.to_tflite"} <= set(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_hints_are_complete(name):
    for function in functions(PUBLIC[name]):
        signature = inspect.signature(function)
        bare = [
            p.name for p in signature.parameters.values() if p.annotation is p.empty and p.name not in ("self", "cls")
        ]
        assert bare == [] and signature.return_annotation is not signature.empty, function.__qualname__
