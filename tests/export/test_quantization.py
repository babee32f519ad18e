"""Each mode of `quantize` on layers of every kind: outputs, stored types, sizes; inputs and outputs stay float32."""

import keras
import numpy as np
import pytest

import tfdynconv
from tests.export.phone import Phone
from tests.export.quantized import at_its_end, constants, elements, features
from tfdynconv.export import to_tflite

CHANNELS = 32
LAYERS = {
    "cond": lambda: tfdynconv.CondConv2D(CHANNELS, 3, padding="same", num_experts=4),
    "depthwise": lambda: tfdynconv.DepthwiseCondConv2D(3, padding="same", num_experts=8),
    "dynamic": lambda: tfdynconv.DynamicConv2D(CHANNELS, 3, strides=2, padding="same"),
    "omni": lambda: tfdynconv.ODConv2D(CHANNELS, 3, padding="same", num_kernels=4),
    "omni_one": lambda: tfdynconv.ODConv2D(CHANNELS, 3, padding="same", num_kernels=1),
    "versatile": lambda: tfdynconv.VersatileConv2D(36, 3, padding="same"),
    "dense": lambda: tfdynconv.CondDense(64, num_experts=4),
    "dynet": lambda: tfdynconv.DyNetConv2D(CHANNELS, 3, padding="same"),
    "transposed": lambda: tfdynconv.CondConv2DTranspose(CHANNELS, 3, strides=2, padding="same", num_experts=4),
    "keras": lambda: keras.layers.Conv2DTranspose(CHANNELS, 3, strides=2, padding="same"),
    "region": lambda: tfdynconv.DRConv2D(CHANNELS, 3, padding="same", num_regions=4, generator="basis"),
}
# mode: (relative error of a layer, types of stored weights, their bytes for one float32)
MODES = {
    "float16": (1e-3, ("float16",)),
    "dynamic": (3e-2, ("int8",)),
    "int8": (3e-2, ("int8",)),
    "int16x8": (1.5e-2, ("int8", "int16")),
}

# Four attentions, each rounded to 8 bits, are a little over what one layer is to lose.
OVER = {("int8", "omni"), ("int8", "omni_one")}


def model_of_all(names):
    inputs = keras.Input([8, 8, CHANNELS])
    return at_its_end(keras.Model(inputs, {name: LAYERS[name]()(inputs) for name in names}))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """`files(mode)`: (the model, its file), made when first asked for."""
    made = {}

    def export(mode):
        if not made:
            keras.utils.set_random_seed(5)
            made["model"] = model_of_all(LAYERS)
        if mode not in made:
            made[mode] = str(tmp_path_factory.mktemp(mode) / "model.tflite")
            to_tflite(made["model"], made[mode], quantize=mode, representative_data=features(CHANNELS), tolerance=1.5)
        return made["model"], made[mode]

    return export


@pytest.mark.parametrize("mode", MODES)
def test_the_file_computes_what_the_layers_do(files, mode):
    """Layer by layer, on data of the kind that was calibrated with. Of regions, which may flip, most pixels agree."""
    model, path = files(mode)
    phone = Phone(path)
    (name,) = phone.inputs
    data = features(CHANNELS)[:16]
    received = [phone(**{name: x[None]}) for x in data]
    expected = {key: np.asarray(value) for key, value in model(data, training=False).items()}
    most = MODES[mode][0]
    for key, value in expected.items():
        allowed = 4e-2 if (mode, key) in OVER else most
        difference = np.abs(np.concatenate([r[key] for r in received]) - value) / np.abs(value).max()
        if key == "region":
            assert np.mean(difference.max(-1) <= most) > 0.9, key
        else:
            assert difference.max() <= allowed, (key, difference.max())
        assert difference.max() > 1e-5, "not quantised at all"


@pytest.mark.parametrize("mode", MODES)
def test_all_large_weights_are_stored_in_few_bits(files, mode):
    """As many elements as the model's large weights have, in the mode's types; what is left in float32 is small."""
    model, path = files(mode)
    found = constants(path)
    large = sum(int(np.prod(w.shape)) for w in model.weights if np.prod(w.shape) >= 1024 and len(w.shape) > 1)
    assert elements(found, *MODES[mode][1]) >= large
    assert [shape for dtype, shape in found if dtype == "float32" and len(shape) > 1 and np.prod(shape) >= 1024] == []


def test_integers_from_end_to_end(files):
    """In "int8" whatever multiplies takes integers; the file's own inputs and outputs are float32."""
    _, path = files("int8")
    phone = Phone(path)
    types = {d["index"]: np.dtype(d["dtype"]).name for d in phone.interpreter.get_tensor_details()}
    products = [
        op for op in phone.interpreter._get_ops_details() if op["op_name"] in ("CONV_2D", "FULLY_CONNECTED", "MUL")
    ]
    assert len(products) > 20
    assert {types[int(op["inputs"][0])] for op in products} == {"int8"}
    assert {dtype for dtype, _ in [*phone.inputs.values(), *phone.outputs.values()]} == {"float32"}


@pytest.mark.parametrize("mode, most", [("float16", 0.52), ("dynamic", 0.30), ("int8", 0.30)])
def test_size_of_a_network(tmp_path, mode, most):
    """Against the bytes of its weights, which its float32 file exceeds."""
    inputs = keras.Input([8, 8, CHANNELS])
    x = tfdynconv.CondConv2D(64, 3, num_experts=4, activation="relu")(inputs)
    x = tfdynconv.DynamicConv2D(64, 3, padding="same", temperature=1.0)(x)
    model = at_its_end(keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x)))
    weights = 4 * sum(int(np.prod(w.shape)) for w in model.weights)
    assert weights > 500_000
    path = tmp_path / "network.tflite"
    report = to_tflite(model, path, quantize=mode, representative_data=features(CHANNELS))
    assert report.size == path.stat().st_size <= most * weights


VOLUME = (6, 6, 6, 8)


@pytest.mark.parametrize("mode", ["dynamic", "int8"])
def test_volumes(tmp_path, mode):
    """Of three dimensions LiteRT has no convolution in 8 bits: the dynamic layers multiply."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input(VOLUME)
    layers = [tfdynconv.CondConv3D(16, 3, num_experts=4), tfdynconv.ODConv3D(16, 3, num_kernels=2)]
    model = at_its_end(keras.Model(inputs, [layer(inputs) for layer in layers]))
    data = np.abs(np.random.default_rng(0).normal(size=(32, *VOLUME))).astype("float32")
    report = to_tflite(model, tmp_path / "m.tflite", quantize=mode, representative_data=data)
    assert report.max_relative_error <= MODES[mode][0]
    assert "CONV_3D" not in report.ops and {choice.form for choice in report.choices} == {"matmul"}


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "layer, arguments, shape",
    [
        (tfdynconv.CondConv1D, {"filters": 32, "kernel_size": 3, "num_experts": 4}, (24, 32)),
        (tfdynconv.DynamicConv1D, {"filters": 32, "kernel_size": 3, "padding": "causal"}, (24, 32)),
        (tfdynconv.ODConv1D, {"filters": 32, "kernel_size": 3, "num_kernels": 4}, (24, 32)),
        (tfdynconv.CondConv2D, {"filters": 32, "kernel_size": 3, "groups": 2}, (8, 8, 32)),
        (tfdynconv.CondConv2D, {"filters": 32, "kernel_size": 3, "dilation_rate": 2}, (8, 8, 32)),
        (tfdynconv.DynamicConv2D, {"filters": 64, "kernel_size": 1}, (8, 8, 32)),
        (tfdynconv.DynamicConv2DTranspose, {"filters": 32, "kernel_size": 3, "strides": 2}, (8, 8, 32)),
        (tfdynconv.DepthwiseDynamicConv2D, {"kernel_size": 5, "strides": 2}, (12, 12, 64)),
        (tfdynconv.DepthwiseDyNetConv2D, {"kernel_size": 3}, (8, 8, 32)),
        (tfdynconv.DynamicConv3D, {"filters": 16, "kernel_size": 3, "hidden_units": 16}, VOLUME),
    ],
)
def test_every_kind_of_layer(tmp_path, mode, layer, arguments, shape):
    keras.utils.set_random_seed(0)
    model = at_its_end(keras.Sequential([keras.Input(shape), layer(**arguments)]))
    data = np.abs(np.random.default_rng(0).normal(size=(32, *shape))).astype("float32")
    report = to_tflite(model, tmp_path / "layer.tflite", quantize=mode, representative_data=data)
    assert report.max_relative_error <= 2 * MODES[mode][0]
