"""A model made again keeps its graph: shared layers, models inside, inputs and outputs by name, weights and flags."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from tests.surgery.networks import alive, assert_same, inputs_of, outputs_of, quiet, shares_nothing, untouched
from tfdynconv import _compat
from tfdynconv.layers.walk import walk
from tfdynconv.surgery import fuse


def conv_norm(x, filters, name, **arguments):
    x = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False, name=name, **arguments)(x)
    return keras.layers.BatchNormalization(name=f"{name}_norm")(x)


def model_inside(name="inner", filters=4):
    x = keras.Input([8, 8, 4], name=f"{name}_input")
    y = conv_norm(x, filters, f"{name}_conv")
    return keras.Model(x, keras.layers.ReLU(name=f"{name}_relu")(y), name=name)


def nested():
    x = keras.Input([8, 8, 4], name="image")
    inner = keras.Sequential([keras.Input([8, 8, 4]), model_inside(), keras.layers.ReLU()], name="outer")
    y = keras.layers.GlobalAveragePooling2D(name="pool")(inner(conv_norm(x, 4, "first")))
    return keras.Model(x, keras.layers.Dense(3, name="head")(y))


def shared():
    """A layer called twice, a model called twice, and one layer in two models."""
    left, right = keras.Input([8, 8, 4], name="z_left"), keras.Input([8, 8, 4], name="a_right")
    inner, layer = model_inside(), keras.layers.Conv2D(4, 1, name="both")
    twin = keras.Sequential([keras.Input([8, 8, 4]), layer], name="twin")
    x = keras.layers.Concatenate(name="join")([inner(layer(left)), inner(right), twin(layer(right))])
    return keras.Model([left, right], x)


def dictionaries():
    """Inputs and outputs by name, integers among them."""
    image, kind = keras.Input([8, 8, 4], name="image"), keras.Input([1], dtype="int32", name="kind")
    x = conv_norm(image, 4, "conv")
    y = keras.layers.Flatten(name="flat")(keras.layers.Embedding(3, 4, name="embedding")(kind))
    z = keras.layers.Add(name="sum")([keras.layers.GlobalMaxPooling2D(name="pool")(x), y])
    return keras.Model({"kind": kind, "image": image}, {"features": x, "a": {"deep": [z, y]}})


def several_outputs_inside():
    x = keras.Input([8, 8, 4], name="image")
    inner_input = keras.Input([8, 8, 4], name="inner_image")
    y = conv_norm(inner_input, 4, "conv")
    inner = keras.Model(inner_input, [y, keras.layers.ReLU(name="relu")(y)], name="inner")
    first, second = inner(x)
    again, _ = inner(second)
    return keras.Model(x, [again, first])


def functions():
    """What is no layer in Keras 3: arithmetic with constants on both sides, slices, functions of tensors."""
    x = keras.Input([8, 8, 4], name="image")
    y = conv_norm(x, 4, "conv")
    y = 2.0 - y * 0.5 + x
    y = y[:, 1:, ::2] / np.float32(3.0)
    if _compat.KERAS_3:
        y = keras.ops.concatenate([y, keras.ops.relu(y)], axis=-1)
    else:
        y = tf.concat([y, tf.nn.relu(y)], axis=-1)
    return keras.Model(x, y)


def many_arguments():
    """Tensors as keyword arguments, in lists, and a call in training mode."""
    x = keras.Input([6, 4], name="line")
    y = keras.layers.BatchNormalization(name="norm")(keras.layers.Conv1D(4, 3, padding="same", name="conv")(x))
    y = keras.layers.MultiHeadAttention(2, 3, name="attention")(y, value=x, key=x)
    y, state = keras.layers.GRU(4, return_state=True, return_sequences=True, name="gru")(y)
    y = keras.layers.GRU(4, name="second")(y, initial_state=state)
    return keras.Model(x, [keras.layers.Dropout(0.5, name="drop")(y, training=False), state])


def wrappers():
    """Layers that own layers, a function as a layer, and one that keeps constants of its weights."""
    x = keras.Input([5, 8, 8, 4], name="film")
    normalize = keras.layers.Normalization(name="normalize")
    normalize.adapt(np.random.default_rng(0).normal(3.0, 2.0, size=[9, 5, 8, 8, 4]))
    y = keras.layers.TimeDistributed(keras.layers.Conv2D(3, 3, name="inside"), name="frames")(normalize(x))
    y = keras.layers.Lambda(lambda y: y[:, :, 0, 0] * 2.0, output_shape=(5, 3), name="function")(y)
    return keras.Model(x, keras.layers.Bidirectional(keras.layers.LSTM(3), name="both_ways")(y))


def masked():
    x = keras.Input([6], dtype="int32", name="words")
    y = keras.layers.Embedding(3, 4, mask_zero=True, name="embedding")(x)
    return keras.Model(x, keras.layers.LSTM(3, name="lstm")(y))


def dynamic():
    x = keras.Input([8, 8, 4], name="image")
    coefficients = tfdynconv.routing.SigmoidRouting(3, name="routing")(x)
    y = tfdynconv.CondConv2D(4, 3, num_experts=3, routing=None, name="first")(x, coefficients)
    y = tfdynconv.DRConv2D(4, 3, num_regions=3, name="regions")(y)
    return keras.Model(x, tfdynconv.ODConv2D(4, 3, num_kernels=2, name="omni")(y))


def feature_extractor():
    """From a tensor inside one model to a tensor inside it."""
    whole = nested()
    return keras.Model(whole.get_layer("first").output, whole.get_layer("pool").output)


MODELS = [
    nested,
    shared,
    dictionaries,
    several_outputs_inside,
    functions,
    many_arguments,
    wrappers,
    masked,
    dynamic,
    feature_extractor,
]


def names(model):
    """Of the layers of the model and of the models inside it; those inside of layers are named by Keras, anew each time."""
    if isinstance(model, keras.layers.BatchNormalization):
        return set()
    return {model.name}.union(*map(names, getattr(model, "layers", [])))


@pytest.mark.parametrize("make", MODELS)
def test_the_same_model_again(make):
    model = alive(make())
    with untouched(model):
        new, report = fuse(model, report=True, **quiet)
    assert_same(model, new)
    assert shares_nothing(model, new)
    assert names(new) == names(model)
    kept = [layer for layer in walk(new) if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(kept) == len(report.kept)
    assert new.name == model.name
    before, after = model(inputs_of(model), training=False), new(inputs_of(model), training=False)
    tf.nest.assert_same_structure(before, after)
    again = fuse(new, **quiet)
    assert [type(layer) for layer in walk(again)] == [type(layer) for layer in walk(new)]


def test_shared_layers_stay_shared():
    model = alive(shared())
    new = fuse(model, **quiet)
    assert (
        len(new.weights) == len(model.weights) - 4 + 1
    )  # one normalisation is folded into a convolution without a bias
    assert sum(layer.name == "both" for layer in walk(new)) == 1
    assert new.get_layer("twin").layers[-1] is new.get_layer("both")
    new.get_layer("both").kernel.assign(tf.zeros([1, 1, 4, 4]))
    x = inputs_of(model)
    new.get_layer("both").bias.assign(tf.zeros([4]))
    assert np.all(outputs_of(new, x)[0][..., 8:] == 0)


def test_inputs_and_outputs_keep_their_names():
    model = alive(dictionaries())
    new = fuse(model, **quiet)
    assert set(new.input) == {"kind", "image"} and set(new.output) == {"features", "a"}
    assert [layer.name for layer in new.layers if isinstance(layer, keras.layers.InputLayer)] == [
        layer.name for layer in model.layers if isinstance(layer, keras.layers.InputLayer)
    ]


def test_arguments_of_a_folded_layer():
    arguments = {"kernel_regularizer": "l2", "kernel_constraint": "max_norm", "strides": 2, "groups": 2}
    x = keras.Input([8, 8, 4])
    model = alive(keras.Model(x, conv_norm(x, 4, "conv", **arguments)))
    new = fuse(model, **quiet).get_layer("conv")
    expected = {**model.get_layer("conv").get_config(), "use_bias": True}
    assert new.get_config() == expected
    assert isinstance(new.kernel_regularizer, keras.regularizers.L2) and new.use_bias


def test_flags():
    """A frozen model with one layer thawed, in any order of setting them."""
    model = alive(nested())
    model.get_layer("outer").trainable = False
    model.get_layer("outer").layers[0].get_layer("inner_conv").trainable = True
    model.get_layer("head").trainable = False
    with untouched(model):
        new = fuse(model, **quiet)
    flags = {layer.name: layer.trainable for layer in walk(new)}
    expected = {layer.name: layer.trainable for layer in walk(model) if layer.name in flags}
    assert flags == expected and flags["inner_conv"] and not flags["outer"]


def test_flags_inside_of_layers():
    """The routing of a dynamic layer is frozen, the layer is not; folded or copied."""
    for norms in ([], [keras.layers.BatchNormalization()]):
        layer = tfdynconv.ODConv2D(4, 3, num_kernels=2)
        model = alive(keras.Sequential([keras.Input([8, 8, 4]), layer, *norms]))
        layer.routing.trainable = False
        new = fuse(model, **quiet)
        assert not new.layers[0].routing.trainable and new.layers[0].trainable
        assert_same(model, new)


def test_it_is_saved_and_loaded(tmp_path):
    model = alive(dynamic())
    x = model.output
    model = alive(keras.Model(model.input, keras.layers.BatchNormalization()(x)))
    new = fuse(model, **quiet)
    new.save(tmp_path / "fused.keras")
    assert_same(model, keras.models.load_model(tmp_path / "fused.keras"))


def test_it_trains():
    new = fuse(alive(nested()), **quiet)
    before = [np.array(weight) for weight in new.trainable_weights]
    new.compile("sgd", "mse")
    new.fit(np.asarray(inputs_of(new)), np.ones([4, 3]), verbose=0)
    assert all(np.any(a != np.array(b)) for a, b in zip(before, new.trainable_weights))


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = keras.layers.Conv2D(4, 3)

    def call(self, inputs):
        return self.conv(inputs)


class Unsaid(keras.layers.Layer):
    """A layer without a config, and with an argument that none could hold."""

    def __init__(self, function):
        super().__init__(name="unsaid")
        self.function = function

    def call(self, inputs):
        return self.function(inputs)


def test_refusals():
    with pytest.raises(ValueError, match="fuse: expected a Keras model. Received: Conv2D"):
        fuse(keras.layers.Conv2D(4, 3))
    with pytest.raises(
        ValueError, match=r"Received: Subclassed .*, a class of your own. .* keras.Model\(inputs, outputs\)"
    ):
        fuse(Subclassed())
    with pytest.raises(ValueError, match="has no weights yet. Build it"):
        fuse(keras.Sequential([keras.layers.Conv2D(4, 3)]))
    with pytest.raises(ValueError, match="layer 'unsaid' .* cannot be made a second time .* `get_config`"):
        fuse(keras.Sequential([keras.Input([8, 8, 4]), Unsaid(lambda x: 2.0 * x)]))


def test_a_batch_that_is_fixed():
    x = keras.Input(batch_shape=[4, 8, 8, 4])
    model = alive(keras.Model(x, conv_norm(x, 4, "conv")))
    new, report = fuse(model, np.ones([8, 8, 8, 4], "float32"), report=True, **quiet)
    assert tuple(new.inputs[0].shape) == (4, 8, 8, 4) and report.difference["data"] < 1e-5
    with pytest.raises(ValueError, match="a multiple of 4. Received: 6 samples"):
        fuse(model, np.ones([6, 8, 8, 4], "float32"), **quiet)
