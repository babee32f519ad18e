"""The file of each form of model computes what the model does, from builtin ops, under names that one can guess."""

import numpy as np
import tensorflow as tf

from tests.export.forms import FORMS


def keras_outputs(model, arrays):
    """The model's outputs as a flat list, a dict's in the order of its keys: sample by sample, in batches of copies."""
    inputs = getattr(model, "inputs", None) or []
    copies = (inputs[0].shape[0] if inputs else None) or 1
    answers = []
    for i in range(len(next(iter(arrays.values())))):
        sample = {name: tf.constant(np.repeat(array[i : i + 1], copies, axis=0)) for name, array in arrays.items()}
        if len(inputs) == 1:
            sample = next(iter(sample.values()))
        elif inputs and isinstance(model.input, list):
            sample = [sample[x.name] for x in inputs]
        answers.append([np.array(output)[:1] for output in tf.nest.flatten(model(sample, training=False))])
    return [np.concatenate(same) for same in zip(*answers)]


def test_the_file_computes_what_the_model_does(exported):
    """On inputs that the export has not seen, one after another through one interpreter."""
    for seed in range(100, 103):
        arrays = exported.phone.draw(seed)
        received = exported.phone(**arrays)
        expected = keras_outputs(exported.model, arrays)
        assert len(expected) == len(received)
        for name, value in zip(sorted(received), expected):
            np.testing.assert_allclose(received[name], value, rtol=1e-4, atol=2e-5 * np.abs(value).max(), err_msg=name)


def test_only_builtin_ops(exported):
    """No ops of TensorFlow, no custom ones, and no variables: weights are constants."""
    assert [name for name in exported.phone.ops if name.startswith(("Flex", "CUSTOM"))] == []
    assert {"VAR_HANDLE", "READ_VARIABLE", "CALL_ONCE"} & set(exported.phone.ops) == set()


def test_lowered_for_a_phone(exported):
    """No loop over samples and no shapes to compute, even in functions that were traced for another place before."""
    assert {"WHILE", "SHAPE", "IF"} & set(exported.phone.ops) == set()


def test_names_shapes_and_dtypes_of_inputs_and_outputs(exported):
    _, _, inputs, outputs = FORMS[exported.name]
    if inputs is not None:
        assert exported.phone.inputs == inputs
    assert {name: shape for name, (_, shape) in exported.phone.outputs.items()} == outputs
    assert {dtype for dtype, _ in exported.phone.outputs.values()} == {"float32"}


def test_a_fixed_batch_becomes_the_one_asked_for(exports):
    """Sequential, built for four and exported for one: its only input keeps Keras' name for it."""
    exported = exports("sequential")
    (shape,) = [shape for _, shape in exported.phone.inputs.values()]
    assert shape == (1, 8, 8, 3)


def test_samples_of_a_batch_do_not_mix(exports):
    """A file of three samples: changing the last changes the last answer alone."""
    phone = exports("functional_dict").phone
    arrays = phone.draw(7)
    before = phone(**arrays)["scores"]
    arrays["image"][2] += 1.0
    after = phone(**arrays)["scores"]
    np.testing.assert_array_equal(before[:2], after[:2])
    assert np.abs(before[2] - after[2]).max() > 1e-3
