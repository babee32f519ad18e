"""The measure of agreement: the largest relative error over outputs and inputs, and what no tolerance lets through."""

import numpy as np
import pytest

from tfdynconv.export.verification import agreement, joined, largest_error

GOOD = [{"a": np.array([[1.0, -4.0]]), "b": np.array([[0.5]])}, {"a": np.array([[2.0, 3.0]]), "b": np.array([[0.25]])}]


def changed(name, run, index, value):
    """GOOD's copy with one other value."""
    outputs = [{key: np.array(array) for key, array in run_outputs.items()} for run_outputs in GOOD]
    outputs[run][name][0, index] = value
    return outputs


def test_none():
    assert largest_error(GOOD, GOOD, 0.0) == 0.0


@pytest.mark.parametrize("name, run, index, value, error", [("a", 1, 0, 2.5, 0.125), ("b", 0, 0, 0.4, 0.2)])
def test_relative_to_the_largest_value_of_that_output(name, run, index, value, error):
    """One wrong value in one of the outputs, on one of the inputs, is enough."""
    received = changed(name, run, index, value)
    assert largest_error(GOOD, received, 0.5) == pytest.approx(error)
    with pytest.raises(ValueError, match=rf"Output '{name}': relative error {error:g}.*on input {run + 1} of 2"):
        largest_error(GOOD, received, 0.9 * error)


def test_an_error_as_large_as_the_tolerance_passes():
    assert largest_error(GOOD, changed("a", 0, 1, -3.0), 0.25) == 0.25


def test_outputs_of_zeros():
    """Nothing to be relative to: zeros agree, anything else is wrong altogether."""
    zeros = [{"a": np.zeros([1, 2])}]
    assert largest_error(zeros, zeros, 1e-4) == 0.0
    with pytest.raises(ValueError, match="relative error 1,"):
        largest_error(zeros, [{"a": np.array([[0.0, 1e-9]])}], 1e-4)


@pytest.mark.parametrize("one, other, who", [(np.nan, 1.0, "the Keras model"), (1.0, np.nan, "the .tflite")])
def test_nan_is_refused(one, other, who):
    """NaN compares as neither larger nor smaller than a tolerance."""
    with pytest.raises(ValueError, match=f"{who} gives NaN in output 'a'"):
        largest_error(changed("a", 0, 0, one), changed("a", 0, 0, other), 1e9)


def test_infinities_agree_only_with_themselves():
    infinite = changed("a", 0, 0, -np.inf)
    assert largest_error(infinite, infinite, 1e-4) == 0.0
    wrong = [{**infinite[0], "a": np.array([[-np.inf, 4.0]])}, infinite[1]]
    with pytest.raises(ValueError, match="Output 'a': relative error 2"):
        largest_error(infinite, wrong, 1e-4)  # an infinity on both sides does not hide what is wrong beside it
    for other in (GOOD, changed("a", 0, 0, np.inf)):
        with pytest.raises(ValueError, match="Output 'a': relative error inf"):
            largest_error(infinite, other, 1e-4)
        with pytest.raises(ValueError, match="Output 'a': relative error inf"):
            largest_error(other, infinite, 1e-4)


def test_agreement_is_the_worst_of_all_signatures_and_ways():
    """Relative to the largest of that output, 4, and absolute."""
    answers = {
        "one way": {"a": changed("a", 1, 0, 2.25), "b": GOOD},
        "another": {"a": GOOD, "b": changed("a", 0, 1, -4.5)},
        "a third": {"a": GOOD, "b": GOOD},
    }
    assert agreement({"a": GOOD, "b": GOOD}, answers, 0.5) == (0.125, 0.5)
    with pytest.raises(ValueError, match="relative error 0.125.*LiteRT another, signature 'b'"):
        agreement({"a": GOOD, "b": GOOD}, answers, 0.1)


def test_another_shape_is_refused():
    """Shapes that broadcast against each other would compare as equal."""
    received = [{"a": np.array([[1.0]])}]
    with pytest.raises(ValueError, match=r"Output 'a' has shape \(1, 1\).*\(1, 3\)"):
        largest_error([{"a": np.ones([1, 3])}], received, 1e-4)


def test_a_missing_output_is_refused():
    with pytest.raises(ValueError, match=r"outputs \['a'\].*\['a', 'b'\]"):
        largest_error(GOOD, [{"a": outputs["a"]} for outputs in GOOD], 1e-4)


@pytest.mark.parametrize(
    "parts, step, size, expected",
    [
        ([[[1], [1]]], 2, 1, [[1]]),  # a model built for two, a file for one
        ([[[1], [2]], [[3], [1]]], 2, 3, [[1], [2], [3]]),  # a model built for two, a file for three
        ([[1, 2, 3], [1, 2, 3]], 2, 1, [1, 2, 3]),  # no batch axis
        ([7, 7], 2, 3, 7),
    ],
)
def test_batches_of_a_model_are_joined_to_that_of_the_file(parts, step, size, expected):
    np.testing.assert_array_equal(joined([np.array(part) for part in parts], step, size), expected, strict=True)
