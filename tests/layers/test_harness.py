"""Every public layer through every check of the harness."""

import pytest

import tfdynconv
from tfdynconv.testing import ALL_LAYERS, CHECKS, check_fresh_process, run_check

SLOW = {"xla_variants"}
CHECK_PARAMETERS = [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in CHECKS]


@pytest.mark.parametrize("check", CHECK_PARAMETERS)
@pytest.mark.parametrize("case", ALL_LAYERS, ids=str)
def test_layer(case, check):
    run_check(case, check)


def test_all_layers_load_in_a_fresh_process():
    check_fresh_process(ALL_LAYERS)


def test_every_public_layer_is_in_the_list():
    assert sorted(case.layer.__name__ for case in ALL_LAYERS) == sorted(tfdynconv.layers.__all__)
