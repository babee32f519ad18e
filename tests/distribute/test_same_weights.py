"""The same global batches give the same weights on one device, two devices and two workers, on every replica of each."""

import numpy as np
import pytest

from tests.distribute.processes import cluster, finish, started
from tfdynconv.testing import ALL_LAYERS

SAMPLE = ["DynamicConv2D", "ODConv2D", "masks"]
OTHERS = sorted({*map(str, ALL_LAYERS), "DyMobileBlock", "DyResNetBlock", "DyShuffleBlock"} - set(SAMPLE))
PARTS = {"sample": SAMPLE, "others 0": OTHERS[0::3], "others 1": OTHERS[1::3], "others 2": OTHERS[2::3]}


@pytest.fixture(
    scope="module",
    params=[pytest.param(part, marks=pytest.mark.slow if part != "sample" else ()) for part in PARTS],
)
def trained(request, tmp_path_factory):
    """(names of layers, `{run: {layer/weight: [replicas, *shape]}}`) of all runs."""
    directory, names = tmp_path_factory.mktemp("weights"), PARTS[request.param]
    script = ["-m", "tests.distribute.train"]
    runs = [([*script, "devices", str(directory / "0.npz"), *names], {})]
    for number, config in enumerate(cluster(2), start=1):
        runs.append(([*script, "workers", str(directory / f"{number}.npz"), *names], {"TF_CONFIG": config}))
    with started(runs, directory) as running:
        finish(running, directory, seconds=600)
    found = {"one": {}, "two": {}, "worker 0": {}, "worker 1": {}}
    for number in range(3):
        for key, values in np.load(directory / f"{number}.npz").items():
            layer, run, weight = key.split("/", 2)
            found[f"worker {number - 1}" if run == "worker" else run][f"{layer}/{weight}"] = values
    return names, found


def test_all_layers_were_trained(trained):
    names, found = trained
    for weights in found.values():
        assert {key.split("/")[0] for key in weights} == set(names)


@pytest.mark.parametrize("run", ["two", "worker 0"])
def test_as_on_one_device(trained, run):
    _, found = trained
    for key, wanted in found["one"].items():
        received = found[run][key][0]
        np.testing.assert_allclose(received, wanted[0], rtol=1e-4, atol=1e-4 * np.abs(wanted).max(), err_msg=key)


def test_replicas_are_equal(trained):
    """To the last bit, in temperatures, masks and moving statistics too."""
    _, found = trained
    for key, (first, second) in found["two"].items():
        np.testing.assert_array_equal(first, second, err_msg=key)
    for key, values in found["worker 0"].items():
        np.testing.assert_array_equal(values, found["worker 1"][key], err_msg=key)


def test_what_was_to_move_has_moved(trained):
    """Temperatures by the schedule, statistics by the batches: else their equality would say nothing."""
    _, found = trained
    for key, values in found["worker 1"].items():
        if key.endswith(" temperature") and key.startswith("Dynamic"):
            np.testing.assert_allclose(values, 9.0 - 7.0 * 2 / 3, rtol=1e-6, err_msg=key)
        if key.endswith(" moving_mean"):
            assert np.all(values), key
