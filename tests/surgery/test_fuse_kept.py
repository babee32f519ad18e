"""What does not fold stays, and the report says why."""

import keras
import pytest

import tfdynconv
from tests.surgery.networks import alive, assert_same, quiet, untouched
from tfdynconv.surgery import fuse

IMAGE = (7, 6, 4)


def conv(**arguments):
    return keras.layers.Conv2D(4, 3, padding="same", name="conv", **arguments)


def norm(**arguments):
    return keras.layers.BatchNormalization(name="norm", **arguments)


def in_a_row(*layers):
    return keras.Sequential([keras.Input(IMAGE), *layers])


def functional(connect):
    x = keras.Input(IMAGE)
    return keras.Model(x, connect(x))


def of_another_class():
    """A layer with both inside it."""
    return tfdynconv.blocks.DyResNetBlock(4, name="block")


class Masked(keras.layers.Conv2D):
    """It may compute anything."""

    def call(self, inputs):
        return super().call(inputs) * 2.0


def residual(x):
    y = conv()(x)
    return keras.layers.Add()([norm()(y), y])


def called_twice(x):
    layer = conv()
    return layer(norm()(layer(x)))


def normalised_twice(x):
    layer = norm()
    return layer(keras.layers.Conv2D(4, 1, name="second")(layer(conv()(x))))


KEPT = {
    "an activation of the layer": (
        lambda: in_a_row(conv(activation="relu"), norm()),
        "Conv2D 'conv' has an activation",
    ),
    "an activation of a dynamic layer": (
        lambda: in_a_row(tfdynconv.CondConv2D(4, 3, activation="tanh", name="dynamic"), norm()),
        "CondConv2D 'dynamic' has an activation",
    ),
    "an activation between": (
        lambda: in_a_row(conv(), keras.layers.ReLU(name="relu"), norm()),
        "ReLU 'relu' stands between it and a convolution",
    ),
    "no convolution": (lambda: in_a_row(norm(), conv()), "no convolution before it: it reads an input"),
    "another layer": (
        lambda: in_a_row(conv(), keras.layers.LayerNormalization(name="other"), norm()),
        "it reads LayerNormalization 'other'",
    ),
    "an output used elsewhere": (lambda: functional(residual), "the output of Conv2D 'conv' is used elsewhere too"),
    "an output of the model": (
        lambda: functional(lambda x: [(y := conv()(x)), norm()(y)]),
        "the output of Conv2D 'conv' is used elsewhere too",
    ),
    "a shared convolution": (lambda: functional(called_twice), "Conv2D 'conv' is a shared layer, called 2 times"),
    "a shared normalisation": (lambda: functional(normalised_twice), "it is a shared layer, called 2 times"),
    "another axis": (
        lambda: in_a_row(conv(), norm(axis=1)),
        "it normalises axis 1, the channels of Conv2D 'conv' are axis 3",
    ),
    "the batch's statistics": (
        lambda: functional(lambda x: norm()(conv()(x), training=True)),
        "it is called with training=True",
    ),
    "a regularizer of the output": (
        lambda: in_a_row(conv(activity_regularizer="l2"), norm()),
        "the activity regularizer of Conv2D 'conv' reads what would be gone",
    ),
    "another precision": (
        lambda: in_a_row(conv(dtype="mixed_bfloat16"), norm()),
        "it computes in float32, Conv2D 'conv' in bfloat16",
    ),
    "a class of a user's own": (lambda: in_a_row(Masked(4, 3, name="own"), norm()), "it reads Masked 'own'"),
    "inside another class": (
        lambda: in_a_row(of_another_class()),
        "inside of DyResNetBlock 'block', which has no `fold",
    ),
    "across models": (
        lambda: in_a_row(keras.Sequential([keras.Input(IMAGE), conv()], name="inner"), norm()),
        "it reads Sequential 'inner'",
    ),
}


@pytest.mark.parametrize("make, reason", KEPT.values(), ids=KEPT)
def test_kept(make, reason):
    model = alive(make())
    with untouched(model):
        new, report = fuse(model, report=True, tolerance=0.1, **quiet)
    assert not report.folded and report.difference["random"] == 0.0
    assert report.kept and all(reason in found for _, found in report.kept), report.kept
    assert f"kept {report.kept[0][0]}: {report.kept[0][1]}" in str(report)
    assert [layer.name for layer in new.layers] == [layer.name for layer in model.layers]


class Unfoldable(keras.layers.Layer):
    def call(self, inputs):
        return 2.0 * inputs

    def fold(self):
        raise ValueError("Unfoldable: not today.")


def test_a_block_that_refuses_to_fold():
    new, report = fuse(in_a_row(conv(), Unfoldable(name="block")), report=True, **quiet)
    assert report.kept == [("Unfoldable 'block'", "Unfoldable: not today.")] and len(new.layers) == 2


def test_one_folds_and_another_stays():
    model = alive(in_a_row(conv(), norm(), keras.layers.ReLU(), keras.layers.BatchNormalization(name="later")))
    new, report = fuse(model, report=True, **quiet)
    assert len(report.folded) == 1 and report.kept[0][0] == "BatchNormalization 'later'"
    assert_same(model, new)
    assert [layer.name for layer in fuse(new, **quiet).layers] == [layer.name for layer in new.layers]
