"""Docstrings: their examples run, and those of layers say all that a user needs."""

import doctest
import importlib
import inspect
import pkgutil
import re

import pytest

import tfdynconv
from tfdynconv import layers, routing, training
from tfdynconv.testing.checks import CHECKS

MODULES = sorted(m.name for m in pkgutil.walk_packages(tfdynconv.__path__, "tfdynconv.") if "__main__" not in m.name)
LAYERS = [getattr(layers, name) for name in layers.__all__]
OTHERS = [routing.SigmoidRouting, routing.SoftmaxRouting, routing.CallableRouting]
OTHERS += [training.TemperatureSchedule, training.MaskOrthogonality, training.RoutingMonitor]
SECTIONS = ("Args:", "Call arguments:", "Shapes:", "Raises:", "Cost", "Reference:")


def examples(module):
    found = doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(module))
    return [test for test in found if test.examples]


@pytest.mark.parametrize("module", MODULES)
def test_examples_run(module):
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    report = []
    for test in examples(module):
        runner.run(test, out=report.append)
    assert not runner.failures, "".join(report)


def documented(cls):
    """Parameters that the Args section names, several before one colon included."""
    text = inspect.getdoc(cls)
    section = re.search(r"^Args:\n((?:[ \t].*\n|\n(?=[ \t]))*)", text + "\n", re.MULTILINE)
    lists = re.findall(r"((?:\w+,\s+)*\w+):\s", section.group(1)) if section else []
    return {name for names in lists for name in re.split(r",\s+", names)}


def parameters(cls):
    found = inspect.signature(cls.__init__).parameters.values()
    return {p.name for p in found if p.name != "self" and p.kind is p.POSITIONAL_OR_KEYWORD}


@pytest.mark.parametrize("cls", LAYERS + OTHERS, ids=lambda cls: cls.__name__)
def test_every_parameter_is_documented(cls):
    assert parameters(cls) - documented(cls) == set()


@pytest.mark.parametrize("cls", LAYERS + OTHERS, ids=lambda cls: cls.__name__)
def test_no_parameter_is_documented_that_does_not_exist(cls):
    assert documented(cls) - parameters(cls) == set()


@pytest.mark.parametrize("cls", LAYERS, ids=lambda cls: cls.__name__)
def test_a_layer_has_every_section(cls):
    lines = inspect.getdoc(cls).splitlines()
    missing = {section for section in SECTIONS if not any(line.startswith(section) for line in lines)}
    is_general_form = cls.__name__.startswith("MixtureConv")  # of nobody's paper
    assert missing == ({"Reference:"} if is_general_form else set())


@pytest.mark.parametrize("cls", LAYERS + OTHERS, ids=lambda cls: cls.__name__)
def test_it_begins_with_one_line(cls):
    first, second = (inspect.getdoc(cls) + "\n").splitlines()[:2]
    assert first.endswith((".", "`")) and not second


@pytest.mark.parametrize("cls", LAYERS, ids=lambda cls: cls.__name__)
def test_a_layer_has_an_example(cls):
    assert ">>> " in inspect.getdoc(cls)


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_a_check_says_what_it_checks(check):
    assert inspect.getdoc(check)
