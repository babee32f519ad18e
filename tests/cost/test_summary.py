"""`tfdynconv.summary` counts each layer once, whatever model it is in, and asks the plan for each place."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from tfdynconv.cost import lowerings
from tfdynconv.export.static_twin import static_twin
from tfdynconv.layers.base_mixture import BaseMixture
from tfdynconv.layers.walk import walk
from tfdynconv.ops import plan

L = keras.layers


def image_model(*layers, size=8, channels=3):
    return keras.Sequential([keras.Input([size, size, channels]), *layers])


def row(found, name):
    (one,) = [row for row in found.rows if row.name == name]
    return one


def test_a_dynamic_layer_and_its_static_counterpart():
    found = tfdynconv.summary(image_model(tfdynconv.CondConv2D(4, 3, num_experts=2, name="conv")))
    conv = row(found, "conv")
    mixing, routing = 2 * 27 * 4, 3 * 2
    assert (conv.kind, conv.output_shape, conv.parameters) == ("CondConv2D", (None, 6, 6, 4), 2 * (108 + 4) + 3 * 2 + 2)
    assert conv.multiply_adds == 36 * 108 + mixing + routing and conv.overhead == mixing + routing
    assert (found.twin.parameters, found.twin.multiply_adds, found.twin.overhead) == (108 + 4, 36 * 108, 0)
    assert conv.sizes == {"float32": 4 * 232, "float16": 2 * 232, "int8": (216 + 8 + 6) + 4 * 2}


MODELS = {
    "mixed": lambda: image_model(
        L.Conv2D(8, 3),
        tfdynconv.DynamicConv2D(8, 3, strides=2, padding="same"),
        L.BatchNormalization(),
        L.DepthwiseConv2D(3, padding="same"),
        tfdynconv.DepthwiseCondConv2D(3, padding="same", use_bias=False),
        tfdynconv.ODConv2D(8, 1, num_kernels=2),
        tfdynconv.DRConv2D(4, 3, padding="same"),
        tfdynconv.VersatileConv2D(6, 3, padding="same"),
        tfdynconv.CondConv2DTranspose(4, 3, strides=2),
        L.GlobalAveragePooling2D(),
        tfdynconv.CondDense(5),
    ),
    "nested": lambda: image_model(
        image_model(tfdynconv.CondConv2D(3, 3, padding="same"), L.Conv2D(3, 1)), L.Conv2D(2, 3)
    ),
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_totals_are_those_of_the_model_and_of_the_twin_that_is_built(make):
    model = make()
    found, twin = tfdynconv.summary(model), tfdynconv.summary(static_twin(model))
    assert found.total.parameters == sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    if not any(isinstance(layer, keras.Model) for layer in model.layers):
        assert found.total.multiply_adds == tfdynconv.models.cost(model)[1]
    assert (found.twin.parameters, found.twin.multiply_adds) == (twin.total.parameters, twin.total.multiply_adds)
    assert found.twin.sizes == twin.total.sizes
    assert found.total.overhead == found.total.multiply_adds - twin.total.multiply_adds > 0
    assert twin.total.overhead == 0 and not any(any(row.lowerings.values()) for row in twin.rows)


@pytest.mark.slow
def test_the_same_as_the_count_of_the_papers_networks():
    model = tfdynconv.models.mobilenet_v2(
        tfdynconv.models.odconv(num_kernels=1), input_shape=(32, 32, 3), width=0.5, classes=10
    )
    found = tfdynconv.summary(model)
    assert (found.total.parameters, found.total.multiply_adds) == tfdynconv.models.cost(model)


def test_shared_layers_count_their_weights_once():
    shared, x = tfdynconv.CondConv2D(3, 3, padding="same", num_experts=2, name="shared"), keras.Input([8, 8, 3])
    found = tfdynconv.summary(keras.Model(x, shared(shared(x))))
    once = shared.cost((None, 8, 8, 3))
    assert (row(found, "shared").calls, row(found, "shared").parameters) == (2, once[0])
    assert found.total.multiply_adds == 2 * once[1] and "CondConv2D x2" in str(found)


def test_a_routing_that_layers_share_is_overhead():
    x = keras.Input([8, 8, 3])
    coefficients = tfdynconv.routing.SigmoidRouting(num_kernels=2, name="route")(x)
    y = tfdynconv.CondConv2D(3, 1, num_experts=2, routing=None, name="conv")(x, coefficients)
    found = tfdynconv.summary(keras.Model(x, y))
    assert row(found, "route").overhead == row(found, "route").multiply_adds == 6
    assert row(found, "conv").overhead == 2 * 9
    assert found.twin.parameters == 9 + 3


def test_a_block_of_several_layers_is_one_row():
    block = tfdynconv.blocks.DyMobileBlock(8, 4, name="block")
    found = tfdynconv.summary(image_model(block, channels=8))
    assert [row.name for row in found.rows] == ["block"]
    assert found.total.multiply_adds == block.cost((None, 8, 8, 8))[1]
    assert 0 < found.twin.multiply_adds < found.total.multiply_adds
    away = 0  # kernels but one of each bank, and what routes
    for inner in walk(block):
        if isinstance(inner, BaseMixture):
            away += int(np.prod(inner.kernel.shape[1:])) * (inner.kernel.shape[0] - 1)
        elif isinstance(inner, tfdynconv.routing.Routing):
            away += sum(int(np.prod(weight.shape)) for weight in inner.trainable_weights)
    assert away > 0 and found.twin.parameters == found.total.parameters - away
    assert row(found, "block").lowerings["gpu"]


@keras.saving.register_keras_serializable(package="tests")
class Own(keras.Model):
    """Calls its layers as it likes, and has a weight of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv = tfdynconv.CondConv2D(3, 3, padding="same", name="conv")
        self.recurrent = L.GRU(2, name="recurrent")

    def call(self, inputs):
        y = self.conv(self.conv(inputs))
        return self.recurrent(y[:, 0])


def test_a_subclassed_model_and_what_cannot_be_counted():
    model = Own()
    model(np.zeros([1, 8, 8, 3], "float32"))
    found = tfdynconv.summary(model, (None, 8, 8, 3))
    assert row(found, "conv").calls == 2
    assert found.not_counted == ["recurrent"] and "multiply-adds of recurrent" in str(found)
    assert found.total.multiply_adds == row(found, "conv").multiply_adds


@keras.saving.register_keras_serializable(package="tests")
class Traced(keras.Model):
    """Its call is a function that TensorFlow has traced before."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv = tfdynconv.CondConv2D(3, 3, name="conv")

    @tf.function(reduce_retracing=True)
    def through(self, inputs):
        return self.conv(inputs)

    def call(self, inputs):
        return self.through(inputs)


def test_what_was_traced_before_is_seen_again():
    model = Traced()
    model.through.get_concrete_function(tf.TensorSpec([None, 8, 8, 3]))
    model(np.zeros([1, 8, 8, 3], "float32"))
    assert [row.name for row in tfdynconv.summary(model, (None, 8, 8, 3)).rows] == ["conv"]


@keras.saving.register_keras_serializable(package="tests")
class Sliced(L.Layer):
    """Makes a size that no trace knows."""

    def call(self, inputs):
        return inputs[:, : tf.cast(tf.reduce_max(inputs), tf.int32)]

    def compute_output_shape(self, input_shape):
        return (input_shape[0], None, *input_shape[2:])


def test_a_size_that_is_lost_on_the_way():
    found = tfdynconv.summary(image_model(Sliced(), tfdynconv.CondConv2D(4, 3, name="conv")))
    assert found.not_counted == ["conv"] and found.total.multiply_adds == 0
    assert "not counted" in str(found).splitlines()[3]


def test_a_size_is_given():
    model = keras.Sequential([keras.Input([None, None, 3]), tfdynconv.CondConv2D(4, 3, padding="same")])
    found = tfdynconv.summary(model, input_shape=(None, 6, 10, 3))
    assert found.rows[0].output_shape == (None, 6, 10, 4)
    assert found.total.multiply_adds == model.layers[0].cost((None, 6, 10, 3))[1]


def test_lowerings_are_those_of_the_plan(monkeypatch):
    """Each place's is what `rule_for` says of it; forced and mixed ones are told as they are."""
    names = {"cpu": "loop", "cpu_xla": "matmul", "gpu": "grouped", "tpu": "vectorized", "tflite": "rows"}
    monkeypatch.setattr(plan, "rule_for", lambda place, case: names[place])
    layers = [
        tfdynconv.CondConv2D(4, 3, name="auto"),
        tfdynconv.CondConv2D(4, 3, lowering="features", name="features"),
        tfdynconv.ODConv2D(4, 1, name="gates"),
        tfdynconv.DRConv2D(4, 1, name="regions"),
    ]
    found = tfdynconv.summary(image_model(*layers))
    auto = row(found, "auto").lowerings
    assert {place: auto[place] for place in ("here", "here_xla", "gpu", "tpu")} == {
        "here": "loop",
        "here_xla": "matmul",
        "gpu": "grouped",
        "tpu": "vectorized",
    }
    assert (auto["phone"], auto["phone_8_bits"]) == ("matmul", "constant")
    assert set(row(found, "features").lowerings.values()) == {"features"}
    assert row(found, "gates").lowerings["tpu"] == "static"
    regions = row(found, "regions").lowerings
    assert (regions["here"], regions["gpu"]) == ("routed", "dense + grouped")  # each region's response by the plan


def test_kernels_that_are_mixed_a_few_at_a_time():
    for size, name in ((14, "loop in chunks"), (8, "a tap at a time")):
        large = image_model(tfdynconv.CondConv2D(256, 3, num_experts=2), channels=256, size=size)
        assert tfdynconv.summary(large).rows[0].lowerings["here"] == name


@pytest.mark.slow
def test_the_sizes_are_those_of_the_files(tmp_path):
    """But for the graph and the scales of 8-bit weights."""
    layers = [tfdynconv.CondConv2D(64, 3, num_experts=4), L.BatchNormalization(), tfdynconv.DynamicConv2D(32, 3)]
    model = image_model(*layers, channels=32)
    sizes = tfdynconv.summary(model).total.sizes
    report = tfdynconv.export.to_tflite(model, tmp_path / "m.tflite", quantize="dynamic", tolerance=1.0)
    assert sizes["int8"] < report.size < sizes["int8"] + 20_000


def test_nothing_is_changed():
    model = MODELS["nested"]()
    before = [vars(layer).get("call") for layer in walk(model)]
    weights = model.get_weights()
    tfdynconv.summary(model)
    assert [vars(layer).get("call") for layer in walk(model)] == before
    assert all(np.array_equal(a, b) for a, b in zip(weights, model.get_weights()))


def test_frozen_layers_and_those_without_a_choice():
    model = image_model(L.Conv2D(4, 3, name="conv"), L.BatchNormalization(name="norm"), L.ReLU())
    model.trainable = False
    found = tfdynconv.summary(model)
    assert [(row.name, row.parameters) for row in found.rows] == [("conv", 112), ("norm", 8)]
    assert found.rows[0].lowerings == {} and "GPU" not in str(found)


def test_texts():
    found = tfdynconv.summary(image_model(tfdynconv.CondConv2D(4, 3, num_experts=2, name="conv"), L.Conv2D(2, 3)))
    lines = str(found).splitlines()
    assert lines[0].endswith("inputs ?x8x8x3; here is a CPU")
    assert lines[1].split()[:2] == ["layer", "kind"] and lines[3].split()[:3] == ["conv", "CondConv2D", "6x6x4"]
    assert [line.split("  ")[0] for line in lines[6:9]] == ["in all", "static twin", "times the twin"]
    table = [line for line in found.markdown().splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in table}) == 1 and len(table) == 2 + 2 + 3
    told = json.loads(json.dumps(found.as_dict()))
    assert told["rows"][0]["name"] == "conv" and told["total"]["multiply_adds"] == found.total.multiply_adds


def test_progress_is_told():
    told = []
    tfdynconv.summary(image_model(tfdynconv.CondConv2D(4, 3)), progress=told.append)
    assert told == ["counting", *(f"tracing for {place}" for place in lowerings.destinations())]


OPEN = keras.Sequential([keras.Input([None, None, 3]), L.Conv2D(2, 3)])


@pytest.mark.parametrize(
    "model, shape, message",
    [
        (tfdynconv.CondConv2D(4, 3), None, "expected a Keras model. Received: CondConv2D"),
        (OPEN, None, r"an input of shape \(None, None, None, 3\). Give it as an argument, input_shape="),
        (OPEN, (None, 8, 8, 4), "does not fit the model's inputs"),
        (OPEN, (None, "8"), "must be a shape with the batch first"),
        (OPEN, (None, 2, 2, 3), "cannot be called with inputs of shape"),
        (Own(), None, "does not know its inputs yet"),
    ],
    ids=["layer", "open", "channels", "no shape", "too small", "never called"],
)
def test_refusals(model, shape, message):
    with pytest.raises(ValueError, match="tfdynconv.summary: .*" + message):
        tfdynconv.summary(model, shape)


def test_the_package_has_it_when_it_is_asked_for():
    assert tfdynconv.summary.__name__ == "summary"
    with pytest.raises(AttributeError, match="no attribute 'sumary'"):
        tfdynconv.sumary  # noqa: B018
