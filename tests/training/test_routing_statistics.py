"""The numbers that `RoutingMonitor` logs, against what they must be by their definition, and what counts as collapse."""

import numpy as np
import pytest

from tfdynconv.layers.mask_overlap import mean_overlap
from tfdynconv.training import routing_statistics as statistics
from tfdynconv.training.collapse import collapse

RANDOM = np.random.default_rng(0).uniform(0.1, 0.9, [16, 4]).astype("float32")
SHARES = RANDOM / RANDOM.sum(1, keepdims=True)


def test_use_is_the_mean_over_samples_and_filters():
    values = np.random.default_rng(1).uniform(size=[5, 3, 7])
    np.testing.assert_allclose(statistics.use(values), values.mean((0, 2)))


def test_entropy_of_shares():
    wanted = (-(SHARES * np.log(SHARES)).sum(1) / np.log(4)).mean()
    np.testing.assert_allclose(statistics.entropy(RANDOM), wanted, rtol=1e-6)
    np.testing.assert_allclose(statistics.entropy(RANDOM[..., None].repeat(3, 2)), wanted, rtol=1e-6)


@pytest.mark.parametrize("values, wanted", [(np.zeros([2, 4]), 1.0), (np.eye(4), 0.0), (np.ones([3, 1]), 0.0)])
def test_entropy_at_its_ends(values, wanted):
    assert statistics.entropy(values) == pytest.approx(wanted, abs=1e-12)


def test_variation_is_relative():
    assert statistics.variation(7 * RANDOM) == pytest.approx(statistics.variation(RANDOM), rel=1e-5)
    assert statistics.variation(np.zeros([3, 2])) == 0


def test_overlap_of_masks():
    masks = np.zeros([3, 2, 2, 1, 1], bool)
    masks[0, 0], masks[1, :, 0] = True, True  # 1 entry of 3 is in both; the third mask is empty
    assert mean_overlap(masks) == pytest.approx(1 / 9)
    assert mean_overlap(masks[:1]) == 0 and mean_overlap(masks[[0, 0]]) == 1


def test_columns_of_odconv():
    found = statistics.columns({"channel": RANDOM, "kernel": SHARES})
    assert list(found) == ["channel", "use_0", "use_1", "use_2", "use_3", "entropy", "variation"]
    assert found["channel"] == pytest.approx(RANDOM.mean())
    assert found["variation"] == pytest.approx(max(statistics.variation(RANDOM), statistics.variation(SHARES)))


ONE = np.tile([0.995, 0.005], [4, 1])
WAVERING = ONE + [[0.004, -0.004], [-0.004, 0.004]] * 2
EQUAL = np.tile([0.6, 0.3], [4, 1])
CASES = [
    ("kernel", RANDOM, None, None),
    ("kernel", np.eye(4), None, None),
    (
        "kernel",
        WAVERING,
        1.0,
        "kernel 0 carries 99.5 % of the coefficients of every input. Mend: .*TemperatureSchedule",
    ),
    ("kernel", WAVERING, None, "kernel 0 carries 99.5 % .*Mend: lower the learning rate"),
    ("kernel", EQUAL, None, "coefficients are the same for every input. Mend: look whether its inputs differ"),
    ("kernel", EQUAL, 30.0, "same for every input. Mend: its temperature stands at 30, .*add tfdynconv.training.Temp"),
    ("region", WAVERING, None, "region 0 has 99.5 % of all pixels. Mend: .*fewer `num_regions`"),
    ("region", EQUAL, None, "shares of the regions are the same for every input. Mend: normalise"),
    ("channel", EQUAL, None, "coefficients are the same for every input"),
    ("kernel", np.ones([4, 1]), None, None),
]


@pytest.mark.parametrize("kind, values, temperature, wanted", CASES)
def test_collapse(kind, values, temperature, wanted):
    found = collapse("CondConv2D 'conv'", {kind: values}, temperature)
    if wanted is None:
        assert found is None
    else:
        assert found.startswith("CondConv2D 'conv' has collapsed: ")
        with pytest.raises(ValueError, match=wanted):
            raise ValueError(found)


def test_one_attention_that_varies_is_enough():
    assert collapse("ODConv2D 'conv'", {"kernel": EQUAL, "channel": RANDOM}) is None
