"""`plot_routing` and `plot_schedule` read back: what is in the panels is what the layers chose."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from tfdynconv.viz import plot_routing, plot_schedule

LABELS = np.tile([3, 5, 9], 50)
X = np.tile((0.1 * LABELS)[:, None, None, None], [1, 4, 4, 3]).astype("float32")


def by_mean(x):
    """The mean of an image m, and 1 - m: with these images the label tells both."""
    mean = tf.reduce_mean(x, [1, 2, 3])
    return tf.stack([mean, 1 - mean], 1)


def model():
    """Two dynamic layers in different kinds of nests, the first with a known routing."""
    x = keras.Input([4, 4, 3])
    known = tfdynconv.MixtureConv2D(3, 1, num_kernels=2, routing=by_mean, name="known")
    inner = keras.Sequential([keras.Input([4, 4, 3]), tfdynconv.DRConv2D(2, 3, num_regions=3, name="regions")])
    return keras.Model(x, inner(known(x)))


def text(axis):
    return [each.get_text() for each in axis.texts]


def test_a_panel_for_each_layer_kernels_by_classes():
    figure = plot_routing(model(), X, LABELS)
    first, second = (axis for axis in figure.axes if axis.get_title())
    assert first.get_title() == "known (MixtureConv2D)" and second.get_title() == "regions (DRConv2D)"
    wanted = np.array([[0.3, 0.5, 0.9], [0.7, 0.5, 0.1]])
    np.testing.assert_allclose(first.images[0].get_array(), wanted, rtol=1e-5)
    assert text(first) == ["0.30", "0.50", "0.90", "0.70", "0.50", "0.10"]
    assert [each.get_text() for each in first.get_xticklabels()] == ["3", "5", "9"]
    assert (first.get_xlabel(), first.get_ylabel(), second.get_ylabel()) == ("class", "kernel", "region")
    np.testing.assert_allclose(second.images[0].get_array().sum(0), 1, rtol=1e-5)


def test_odconv_with_one_kernel_shows_taps_and_classes_have_names():
    layer = tfdynconv.ODConv2D(4, 3)
    figure = plot_routing(layer, X, LABELS, classes=["three", "five", "nine"])
    assert figure.axes[0].get_ylabel() == "tap" and figure.axes[0].images[0].get_array().shape == (9, 3)
    assert [each.get_text() for each in figure.axes[0].get_xticklabels()] == ["three", "five", "nine"]


def test_dynet_is_a_mean_over_filters():
    layer = tfdynconv.DyNetConv2D(5, 3, group_size=2)
    layer(X[:1])
    figure = plot_routing(layer, X, LABELS)
    coefficients = layer.routing(X).numpy().reshape(-1, 2, 5).mean(-1)
    wanted = [coefficients[LABELS == label].mean(0) for label in (3, 5, 9)]
    np.testing.assert_allclose(figure.axes[0].images[0].get_array(), np.transpose(wanted), rtol=1e-5)


@pytest.mark.parametrize(
    "make, labels, classes, wanted",
    [
        (
            lambda: keras.layers.ReLU(name="r"),
            LABELS,
            None,
            "expected a dynamic layer, .*Received: ReLU 'r' without any",
        ),
        (
            model,
            LABELS[1:],
            None,
            r"`labels` must be the class of each input, shape \(150,\).*Received: shape \(149,\)",
        ),
        (model, np.eye(10)[LABELS], None, r"Received: shape \(150, 10\). Of one-hot labels pass labels.argmax"),
        (model, LABELS, ["one"], "`classes` must name the 3 classes among the labels. Received: 1 names"),
    ],
    ids=["layer", "length", "one_hot", "classes"],
)
def test_what_cannot_be_drawn(make, labels, classes, wanted):
    with pytest.raises(ValueError, match=f"plot_routing: .*{wanted}"):
        plot_routing(make(), X, labels, classes)


HISTORY = {
    "loss": [3.0, 2.0],
    "temperature": [20.0, 1.0],
    "a/use_0": [0.5, 0.75],
    "a/use_1": [0.5, 0.25],
    "a/entropy": [1.0, 0.8],
    "b/region_0": [0.9, 1.0],
    "b/entropy": [0.4, 0.1],
}


def test_schedule():
    figure = plot_schedule(HISTORY)
    panels = {axis.get_title(): axis for axis in figure.axes}
    assert list(panels) == [
        "temperature",
        "routing entropy (1: all alike)",
        "a: mean coefficients",
        "b: shares of pixels",
    ]
    drawn = {line.get_label(): line.get_xydata().tolist() for line in panels["a: mean coefficients"].lines}
    assert drawn == {"kernel 0": [[1, 0.5], [2, 0.75]], "kernel 1": [[1, 0.5], [2, 0.25]]}
    assert [line.get_label() for line in panels["routing entropy (1: all alike)"].lines] == ["a", "b"]
    assert panels["temperature"].lines[0].get_ydata().tolist() == [20, 1]
    assert all(axis.get_xlabel() == "epoch" for axis in figure.axes)


def test_schedule_of_layers_with_temperatures_of_their_own():
    figure = plot_schedule({**HISTORY, "a/temperature": [9.0, 3.0]})
    (line,) = figure.axes[0].lines
    assert line.get_label() == "a" and line.get_ydata().tolist() == [9, 3]


@pytest.mark.parametrize("history, received", [({"loss": [1.0]}, "loss"), (None, "NoneType")])
def test_a_history_without_routing(history, received):
    with pytest.raises(ValueError, match=f"plot_schedule: expected a history .*Received: {received}. Train with"):
        plot_schedule(history)


def test_small_differences_look_small():
    layer = tfdynconv.MixtureConv2D(3, 1, num_kernels=2, routing=lambda x: 0.5 + 0.01 * by_mean(x))
    low, high = plot_routing(layer, X, LABELS).axes[0].images[0].get_clim()
    assert high - low == pytest.approx(0.1)
