"""Every block of the survey through every check of the harness."""

import pytest

from tests.layers.test_harness import CHECK_PARAMETERS
from tfdynconv import blocks
from tfdynconv.testing import ALL_BLOCKS, check_fresh_process, run_check

DYNET = {"DyMobileBlock", "DyResNetBlock", "DyShuffleBlock"}  # tests/blocks/test_dynet.py


@pytest.mark.parametrize("check", CHECK_PARAMETERS)
@pytest.mark.parametrize("case", ALL_BLOCKS, ids=str)
def test_block(case, check):
    run_check(case, check)


def test_all_blocks_load_in_a_fresh_process():
    check_fresh_process(ALL_BLOCKS)


def test_every_public_block_is_in_the_list():
    assert sorted(case.layer.__name__ for case in ALL_BLOCKS) == sorted(set(blocks.__all__) - DYNET)
