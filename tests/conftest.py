"""Every test starts from the same seeds; TensorFlow stays quiet; long sweeps, PyTorch and the site when asked for."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported

import hypothesis
import keras
import pytest
import tensorflow as tf

tf.get_logger().setLevel("ERROR")

# The same examples in every run, whatever the machine's speed.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def seeds():
    keras.utils.set_random_seed(20190904)


@pytest.fixture(params=["eager", "graph", "jit"])
def mode(request):
    """How a function runs; `tests.modes.in_mode(function, mode)` makes it so."""
    return request.param


@pytest.fixture(params=["channels_last", "channels_first"])
def data_format(request):
    return request.param


def pytest_collection_modifyitems(config, items):
    if config.option.markexpr:
        return
    asked_for = ("slow", "peers", "site")
    apart = [item for item in items if any(item.get_closest_marker(name) for name in asked_for)]
    apart += compiled_again(item for item in items if "test_golden_" in item.nodeid)
    config.hook.pytest_deselected(items=apart)
    items[:] = [item for item in items if item not in apart]


def compiled_again(items):
    """XLA takes seconds a case to compile: with it each golden test tries its first case, the others in the slow run."""
    seen = set()
    for item in items:
        if getattr(item, "callspec", None) is None or item.callspec.params.get("mode") != "jit":
            continue
        if item.function in seen:
            yield item
        seen.add(item.function)
