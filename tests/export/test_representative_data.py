"""`representative_data` in every form in which Keras users keep data; the export compares on exactly those samples."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdynconv.export import to_tflite

SHAPE = (4, 4, 1)
DATA = np.random.default_rng(0).normal(size=(5, *SHAPE)).astype("float32")
LABELS = np.arange(5)


def dataset():
    return tf.data.Dataset.from_tensor_slices((DATA, LABELS))


# name: (data, how many of DATA's samples it has)
FORMS = {
    "array": (lambda: DATA, 5),
    "tensor": (lambda: tf.constant(DATA), 5),
    "float64": (lambda: DATA.astype("float64"), 5),
    "one sample": (lambda: DATA[0], 1),
    "list of samples": (lambda: list(DATA), 5),
    "list of batches": (lambda: [DATA[:2], DATA[2:]], 5),
    "generator": (lambda: (DATA[i : i + 1] for i in range(5)), 5),
    "generator with labels": (lambda: ((DATA[i : i + 1], i) for i in range(5)), 5),
    "with labels and weights": (lambda: [(DATA[:3], LABELS[:3], LABELS[:3]), (DATA[3:], LABELS[3:], LABELS[3:])], 5),
    "tf.data": (lambda: dataset().map(lambda x, y: x), 5),
    "tf.data with labels": (lambda: dataset(), 5),
    "tf.data of batches with labels": (lambda: dataset().batch(2), 5),
}


def model_of(shape, **arguments):
    return keras.Sequential([keras.Input(shape, **arguments), keras.layers.Flatten(), keras.layers.Dense(2)])


@pytest.mark.parametrize("form", FORMS)
def test_forms(tmp_path, no_conversion, form):
    make, count = FORMS[form]
    report = to_tflite(model_of(SHAPE), tmp_path / "m.tflite", representative_data=make())
    assert report.num_inputs == 8 and len({used.tobytes() for used in no_conversion.inputs}) == 8
    assert all(np.abs(used).max() <= np.abs(DATA).max() for used in no_conversion.inputs[count:])
    for sample, used in zip(DATA[:count], no_conversion.inputs):
        assert used.dtype == np.float32
        np.testing.assert_array_equal(used, sample[None])


def test_batches_are_filled_up_from_the_start(tmp_path, no_conversion):
    """Five samples in files of two: the last stands beside the first."""
    to_tflite(model_of(SHAPE), tmp_path / "m.tflite", representative_data=DATA, batch_size=2)
    np.testing.assert_array_equal(np.concatenate(no_conversion.inputs[:3]), DATA[[0, 1, 2, 3, 4, 0]])


def test_a_batch_larger_than_the_data_repeats_them(tmp_path, no_conversion):
    to_tflite(model_of(SHAPE), tmp_path / "m.tflite", representative_data=DATA[:2], batch_size=5)
    np.testing.assert_array_equal(no_conversion.inputs[0], DATA[[0, 1, 0, 1, 0]])


def test_at_most_sixteen_batches_are_read(tmp_path, no_conversion):
    """So that a dataset that repeats for ever, or does not fit in memory, will do."""
    read = []
    endless = (read.append(i) or np.full([1, *SHAPE], i, "float32") for i in itertools.count())
    report = to_tflite(model_of(SHAPE), tmp_path / "m.tflite", representative_data=endless)
    assert report.num_inputs == 16
    assert [int(used.max()) for used in no_conversion.inputs] == list(range(16))
    assert len(read) == 16


def test_a_generator_is_read_once(tmp_path, no_conversion):
    """Its first batch, which tells the dtypes, is compared on like the others."""
    to_tflite(model_of(SHAPE), tmp_path / "m.tflite", representative_data=iter([DATA[:1], DATA[1:2]]))
    np.testing.assert_array_equal(np.concatenate(no_conversion.inputs[:2]), DATA[:2])


def test_integers_become_floats_where_the_model_takes_floats(tmp_path, no_conversion):
    pixels = np.arange(2 * 16, dtype="uint8").reshape(2, *SHAPE)
    to_tflite(model_of(SHAPE), tmp_path / "m.tflite", representative_data=pixels)
    assert no_conversion.inputs[1].dtype == np.float32
    np.testing.assert_array_equal(no_conversion.inputs[1], pixels[1:])


def test_integers_of_another_width(tmp_path, no_conversion):
    """NumPy's are of 64 bits where the model takes 32."""
    model = keras.Sequential([keras.Input([3], dtype="int32"), keras.layers.Embedding(90, 2)])
    to_tflite(model, tmp_path / "m.tflite", representative_data=np.array([[50, 60, 70]], "int64"))
    assert no_conversion.inputs[0].dtype == np.int32 and no_conversion.inputs[0].max() == 70


class Lookup(keras.Model):
    def __init__(self):
        super().__init__()
        self.embedding = keras.layers.Embedding(9, 2)

    def call(self, inputs):
        return self.embedding(inputs)


def test_data_tell_the_dtype_of_a_subclassed_models_inputs(tmp_path, no_conversion):
    model = Lookup()
    model(tf.zeros([1, 3], tf.int32))
    to_tflite(model, tmp_path / "m.tflite", representative_data=[np.array([[5, 6, 7]], "int32")])
    assert no_conversion.specs.dtype == tf.int32
    np.testing.assert_array_equal(no_conversion.inputs[0], [[5, 6, 7]])


def test_without_data_random_inputs_and_zeros(tmp_path, no_conversion):
    """Eight, all different; integers are 0 and 1, in range for hardly any model not."""
    model = keras.Sequential([keras.Input([30], dtype="int32"), keras.layers.Embedding(2, 2)])
    to_tflite(model, tmp_path / "m.tflite")
    *drawn, zeros = no_conversion.inputs
    assert len({a.tobytes() for a in no_conversion.inputs}) == 8 and not zeros.any()
    assert {int(value) for a in drawn for value in a.flat} == {0, 1}
