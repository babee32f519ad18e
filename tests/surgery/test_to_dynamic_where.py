"""Which layers become dynamic, what the report says of the others, and what is refused."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from tests.surgery.networks import alive, assert_same, inputs_of, outputs_of, quiet, shares_nothing, untouched
from tests.surgery.test_rebuild import MODELS, Subclassed, shared
from tfdynconv import _compat
from tfdynconv.layers.walk import walk
from tfdynconv.surgery import to_dynamic

K = keras.layers
IMAGE = (8, 7, 4)


def network():
    """A stem, two convolutions, one of them separable, a depthwise one, and a classifier."""
    layers = [
        K.Conv2D(4, 3, padding="same", name="stem"),
        K.SeparableConv2D(4, 3, padding="same", name="separable"),
        K.DepthwiseConv2D(3, name="depthwise"),
        K.BatchNormalization(name="norm"),
        K.Conv2D(6, 1, name="pointwise"),
        K.GlobalAveragePooling2D(name="pool"),
        K.Dense(3, name="classifier"),
    ]
    return alive(keras.Sequential([keras.Input(IMAGE), *layers]))


def test_every_convolution_but_the_first():
    new, report = to_dynamic(network(), report=True, **quiet)
    assert {row.name: (row.after, row.reason) for row in report.rows} == {
        "stem": ("Conv2D", "the first convolution, which the papers leave static"),
        "separable": (
            "SeparableConv2D",
            "the family replaces Conv1D, Conv2D, Conv3D, DepthwiseConv2D, Conv2DTranspose.",
        ),
        "depthwise": ("DepthwiseDynamicConv2D", None),
        "pointwise": ("DynamicConv2D", None),
        "classifier": ("Dense", "no convolution; pick it with `where`"),
    }


def test_a_predicate_on_layers():
    asked = []

    def where(layer):
        asked.append(layer.name)
        return isinstance(layer, (K.Conv2D, K.Dense)) and not isinstance(layer, K.DepthwiseConv2D)

    model = network()
    new, report = to_dynamic(model, "CondConv2D", where, report=True, **quiet)
    assert asked == ["stem", "separable", "depthwise", "pointwise", "classifier"]
    left = {row.name: row.reason for row in report.rows if row.reason}
    assert left == dict.fromkeys(["separable", "depthwise"], "`where` leaves it out")
    assert (
        type(new.get_layer("classifier")) is tfdynconv.CondDense and type(new.get_layer("stem")) is tfdynconv.CondConv2D
    )


def test_numbers_of_the_report():
    """Parameters of layers and models, multiply-adds of a sample: a convolution's are its weights at each output cell."""
    printed = []
    model = network()
    new, report = to_dynamic(model, num_kernels=2, report=True, print_fn=printed.append)
    rows = {row.name: row for row in report.rows}
    assert rows["stem"].parameters == (148, 148) and rows["stem"].multiply_adds == (56 * 144, 56 * 144)
    assert rows["separable"].multiply_adds == (56 * (36 + 16),) * 2
    assert rows["depthwise"].multiply_adds == (30 * 36, new.get_layer("depthwise").cost((None, 8, 7, 4))[1])
    assert rows["pointwise"].multiply_adds == (30 * 24, new.get_layer("pointwise").cost((None, 6, 5, 4))[1])
    assert rows["pointwise"].parameters == (30, new.get_layer("pointwise").cost((None, 6, 5, 4))[0] + 2)  # temperatures
    assert rows["classifier"].multiply_adds == (18, 18)
    assert report.parameters == (model.count_params(), new.count_params())
    for i in range(2):
        assert report.multiply_adds[i] == sum(row.multiply_adds[i] for row in report.rows)
    assert printed == [str(report)] and "left SeparableConv2D 'separable': the family replaces" in printed[0]
    assert f"pointwise: Conv2D -> DynamicConv2D, parameters 30 -> {rows['pointwise'].parameters[1]}, " in printed[0]


def test_multiply_adds_of_shared_layers_count_each_time_and_of_unknown_sizes_not_at_all():
    _, report = to_dynamic(alive(shared()), where=lambda layer: True, report=True, **quiet)
    rows = {row.name: row for row in report.rows}
    assert rows["both"].multiply_adds[0] == 3 * 64 * 16 and rows["inner_conv"].multiply_adds[0] == 2 * 64 * 144
    x = keras.Input([None, None, 4])
    model = alive(keras.Model(x, K.Conv2D(5, 3, name="conv")(x)))
    _, report = to_dynamic(model, where=lambda layer: True, report=True, **quiet)
    assert report.multiply_adds == (None, None) and "multiply-adds unknown -> unknown" in str(report)


@pytest.mark.parametrize("make", MODELS)
def test_models_of_every_form(make):
    model = alive(make())
    with untouched(model):
        new = to_dynamic(model, "CondConv2D", lambda layer: True, num_experts=2, **quiet)
    assert_same(model, new)
    assert shares_nothing(model, new)
    graph = [layer for inner in walk(new) if hasattr(inner, "layers") for layer in inner.layers]
    assert not [layer for layer in graph if type(layer) in (K.Conv1D, K.Conv2D, K.Dense)]
    tf.nest.assert_same_structure(model(inputs_of(model)), new(inputs_of(model)))


def test_shared_layers_stay_shared():
    new = to_dynamic(alive(shared()), where=lambda layer: True, **quiet)
    assert new.get_layer("twin").layers[-1] is new.get_layer("both")
    new.get_layer("both").kernel.assign(np.zeros(new.get_layer("both").kernel.shape))
    new.get_layer("both").bias.assign(np.zeros(new.get_layer("both").bias.shape))
    assert np.all(outputs_of(new)[0][..., 8:] == 0)


def test_dynamic_and_folded():
    """One after the other, in both orders: the same outputs, and no normalisation is left."""
    model = network()
    dynamic = to_dynamic(model, "CondConv2D", **quiet)
    folded = tfdynconv.surgery.fuse(dynamic, **quiet)
    again = to_dynamic(tfdynconv.surgery.fuse(model, **quiet), "CondConv2D", **quiet)
    for new in (folded, again):
        assert_same(model, new)
        assert not [layer for layer in new.layers if isinstance(layer, K.BatchNormalization)]


class Own(K.Conv2D):
    """A class of a user's own."""


class NeverStill(tfdynconv.routing.SigmoidRouting):
    stand_still = tfdynconv.routing.Routing.stand_still


def adapted():
    """A layer with the mark of one whose kernel is the sum of two."""
    layer = K.Dense(4, name="adapted")
    layer.build((None, *IMAGE))
    if _compat.KERAS_3:
        layer.enable_lora(2)
    else:
        layer.lora_enabled = True
    return layer


def one(layer):
    return keras.Sequential([keras.Input(IMAGE), layer])


def pick(layer):
    return True


ONE = K.Conv2D(6, 3, name="conv")
REFUSED = {
    "a subclassed model": (lambda: to_dynamic(Subclassed()), "a class of your own"),
    "an unknown layer": (
        lambda: to_dynamic(one(ONE), "Conv2D"),
        "`layer` must be one of CondConv1D, .* layer='Conv2D'",
    ),
    "a layer outside of the family": (
        lambda: to_dynamic(network(), "DyNetConv2D", pick),
        "picks SeparableConv2D 'separable', .* replaces Conv2D, DepthwiseConv2D. Leave it out in `where`, or choose another",
    ),
    "a class of one's own": (
        lambda: to_dynamic(one(Own(4, 3, name="own")), where=pick),
        "picks Own 'own', .* of a class of your own nobody knows",
    ),
    "a kernel in another form": (
        lambda: to_dynamic(one(adapted()), "CondDense", pick),
        r"picks Dense 'adapted', .* it keeps its kernel in another form \(LoRA or quantised\)",
    ),
    "an argument that is carried over": (
        lambda: to_dynamic(one(ONE), strides=2),
        "`strides` is carried over from each layer. Received: strides=2. Set it in the model before",
    ),
    "an unknown argument": (
        lambda: to_dynamic(one(ONE), num_experts=2),
        "no layer of this family has an argument `num_experts`. .* Expected some of .*num_kernels",
    ),
    "coefficients from nowhere": (lambda: to_dynamic(one(ONE), routing=None), "would want coefficients in their call"),
    "a guide from nowhere": (lambda: to_dynamic(one(ONE), "DRConv2D", guide=None), "would want a guide in their call"),
    "a routing that cannot stand still": (
        lambda: to_dynamic(one(ONE), "MixtureConv2D", pick, routing=NeverStill()),
        r"NeverStill: it cannot be told to stand still. Define stand_still\(self\)",
    ),
    "taps that are all alike": (
        lambda: to_dynamic(one(ONE), "DRConv2D", pick, generator="pooled"),
        "all alike as long as .* Use generator='basis'",
    ),
    "windows side by side": (
        lambda: to_dynamic(one(ONE), "VersatileConv2D", pick),
        "combine='concat' makes 2 filters from each one, .* Use combine='sum'",
    ),
    "windows that slide": (
        lambda: to_dynamic(one(ONE), "VersatileConv2D", pick, combine="sum", direction="channel", channel_window=2),
        "channel_filter='sliding' for 4 channels. Use channel_filter='masked'",
    ),
    "windows with gaps": (
        lambda: to_dynamic(
            one(ONE),
            "VersatileConv2D",
            pick,
            combine="sum",
            direction="channel",
            channel_window=1,
            channel_stride=3,
            channel_filter="masked",
        ),
        "a channel_stride of at most channel_window",
    ),
    "outputs that differ": (
        lambda: to_dynamic(network(), tolerance=0.0, **quiet),
        "to_dynamic: the outputs of the new model differ from the old one's by .* more than tolerance=0.0",
    ),
    "a bad argument of the layer": (
        lambda: to_dynamic(one(ONE), where=pick, num_kernels=0),
        "`num_kernels` must be a positive",
    ),
}


@pytest.mark.parametrize("call, message", REFUSED.values(), ids=REFUSED)
def test_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
