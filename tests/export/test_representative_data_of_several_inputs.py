"""`representative_data` for models of several inputs: every array reaches the input that it is for."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdynconv.export import to_tflite

RANDOM = np.random.default_rng(0)
Z, A = (RANDOM.normal(size=(3, 4)).astype("float32") for _ in range(2))  # z comes first in lists, a first by name


def model_of(kind):
    z, a = keras.Input([4], name="z"), keras.Input([4], name="a")
    inputs = {"z": z, "a": a} if kind is dict else [z, a]
    return keras.Model(inputs, keras.layers.Concatenate()([z, a]))


def slices(*arrays):
    return tf.data.Dataset.from_tensor_slices(arrays)


FORMS = {
    "dict": (dict, lambda: {"z": Z, "a": A}),
    "dicts": (dict, lambda: [{"z": Z[:1], "a": A[:1]}, {"a": A[1:], "z": Z[1:]}]),
    "dicts with labels": (dict, lambda: (({"z": Z[i], "a": A[i]}, i) for i in range(3))),
    "tf.data of dicts with labels": (dict, lambda: slices({"z": Z, "a": A}, np.arange(3)).batch(2)),
    "dict of one sample": (dict, lambda: {"z": Z[0], "a": A[0]}),
    "list": (list, lambda: [Z, A]),
    "tuple": (list, lambda: (Z, A)),
    "tuples": (list, lambda: ((Z[i : i + 1], A[i : i + 1]) for i in range(3))),
    "tuples with labels": (list, lambda: [((Z[:2], A[:2]), np.arange(2)), ((Z[2:], A[2:]), np.arange(1))]),
    "tf.data of tuples": (list, lambda: slices(Z, A).batch(2)),
    "tf.data of tuples with labels": (list, lambda: slices((Z, A), np.arange(3))),
    "dict for a list of inputs": (list, lambda: {"z": Z, "a": A}),
    "dicts for a list of inputs": (list, lambda: [{"z": Z, "a": A}]),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms(tmp_path, no_conversion, form):
    kind, make = FORMS[form]
    report = to_tflite(model_of(kind), tmp_path / "m.tflite", representative_data=make())
    assert report.num_inputs == 8
    for i, used in enumerate(no_conversion.inputs[: 1 if "one sample" in form else 3]):
        z, a = (used["z"], used["a"]) if kind is dict else used
        np.testing.assert_array_equal(z, Z[i : i + 1])
        np.testing.assert_array_equal(a, A[i : i + 1])


BAD = {
    "another name": (dict, {"z": Z, "b": A}, r"\['a', 'z'\].*Received: \['b', 'z'\]"),
    "one name too few": (dict, [{"z": Z}], r"\['a', 'z'\].*Received: \['z'\]"),
    "another name for a list": (list, {"z": Z, "b": A}, r"\['a', 'z'\].*Received: \['b', 'z'\]"),
    "one array too few": (list, [[Z]], "must give 2 arrays.*Received: 1"),
    "another shape": (dict, {"z": Z, "a": A[:, :3]}, r"input 'a'.*\(None, 4\).*shape \(3, 3\)"),
}


@pytest.mark.parametrize("case", BAD)
def test_data_that_do_not_fit(tmp_path, case):
    kind, data, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        to_tflite(model_of(kind), tmp_path / "m.tflite", representative_data=data)
    assert list(tmp_path.iterdir()) == []
