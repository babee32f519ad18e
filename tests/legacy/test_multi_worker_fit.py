"""Keras 2.15's `fit` takes MultiWorkerMirroredStrategy: two workers end with the weights of one."""

import numpy as np

from tests.distribute.processes import cluster, finish, started


def test_two_workers_as_one(tmp_path):
    script = ["-m", "tests.legacy.fit_on_workers"]
    configs = [{}, *({"TF_CONFIG": config} for config in cluster(2))]
    commands = [([*script, str(tmp_path / f"{i}.npz")], config) for i, config in enumerate(configs)]
    with started(commands, tmp_path) as running:
        finish(running, tmp_path)
    one, first, second = (np.load(tmp_path / f"{i}.npz") for i in range(3))
    np.testing.assert_allclose(one["temperature"], 9.0 - 7.0 * 2 / 3, rtol=1e-6)
    for name, wanted in one.items():
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)
        np.testing.assert_allclose(first[name], wanted, rtol=1e-4, atol=1e-4, err_msg=name)
