"""DeformableConv2D and ActiveConv2D: what they start as, what they are made of, what they fold to and refuse."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import golden
from tests.blocks import sampler_oracle
from tfdynconv.blocks import ActiveConv2D, DeformableConv2D, DeformableKernelConv2D
from tfdynconv.ops import deform_conv
from tfdynconv.testing.case import redraw

WINDOWS = {
    "plain": {},
    "same": {"padding": "same"},
    "stride 2 same": {"strides": 2, "padding": "same"},
    "groups, dilated": {"groups": 2, "dilation_rate": 2, "padding": "same"},
    "channels first": {"data_format": "channels_first", "padding": "same"},
}


def images(layer, shape=(2, 8, 6, 4)):
    x = np.random.default_rng(0).normal(size=shape)
    return np.moveaxis(x, -1, 1) if layer.data_format == "channels_first" else x


def by_keras(layer, x):
    """`keras.layers.Conv2D` with the layer's kernel and bias, channels last (a CPU has no other)."""
    conv = keras.layers.Conv2D(
        layer.filters,
        layer.kernel_size,
        layer.strides,
        layer.padding,
        dilation_rate=layer.dilation_rate,
        groups=layer.groups,
        dtype="float64",
    )
    first = layer.data_format == "channels_first"
    x = np.moveaxis(x, 1, -1) if first else x
    conv.build(x.shape)
    conv.set_weights([layer.kernel.numpy(), layer.bias.numpy()])
    y = conv(x).numpy()
    return np.moveaxis(y, -1, 1) if first else y


@pytest.mark.parametrize("given", WINDOWS.values(), ids=WINDOWS)
@pytest.mark.parametrize("version", ["v1", "v2", "v2 of scale 2", "active"])
def test_they_start_as_a_convolution(given, version):
    """Version 2 as half of one, unless its masks have the factor 2."""
    more = {"v1": {}, "v2": {"modulated": True}, "v2 of scale 2": {"modulated": True, "mask_scale": 2.0}, "active": {}}
    make = ActiveConv2D if version == "active" else DeformableConv2D
    layer = make(6, (3, 2), bias_initializer="ones", dtype="float64", **more[version], **given)
    x = images(layer)
    y = layer(x)
    expected = by_keras(layer, x)
    np.testing.assert_allclose(y, (expected + 1.0) / 2 if version == "v2" else expected, atol=1e-12)


@pytest.mark.parametrize("modulated", [False, True])
def test_offsets_and_masks_are_parts_of_one_convolution(modulated):
    """In the published order: y before x for each tap, group by group; the logits last, not as the third of three planes."""
    layer = DeformableConv2D(4, (3, 2), 2, padding=1, modulated=modulated, deformable_groups=2, dtype="float64")
    x = images(layer)
    layer.build(x.shape)
    redraw(layer)
    predicted = tf.nn.conv2d(np.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), layer.offset_conv.kernel.numpy(), 2, "VALID")
    predicted = predicted.numpy() + layer.offset_conv.bias.numpy()
    mask = 1 / (1 + np.exp(-predicted[..., 24:])) if modulated else None
    expected = sampler_oracle.deform_conv(x, predicted[..., :24], layer.kernel.numpy(), mask, strides=(2, 2), padding=1)
    np.testing.assert_allclose(layer(x), expected + layer.bias.numpy(), atol=1e-12)


@pytest.mark.parametrize("name", ["v1_k3_d2", "v2_k3_og2_g2"])
def test_published_weights(name):
    """A module's arrays, with an offsets' convolution added to them as mmcv's packs have one."""
    case = golden.load("deform_conv", name)
    args, state = case.args, case.group("param")
    count = case["in/offset"].shape[1] + (case["in/mask"].shape[1] if "in/mask" in case.arrays else 0)
    random = np.random.default_rng(0)
    state["conv_offset.weight"] = random.normal(size=(count, args["in_channels"], 3, 3))
    state["conv_offset.bias"] = random.normal(size=count)
    layer = DeformableConv2D(
        args["out_channels"],
        3,
        padding=args["padding"],
        dilation_rate=args.get("dilation", 1),
        groups=args.get("groups", 1),
        modulated="in/mask" in case.arrays,
        deformable_groups=case.meta["offset_groups"],
        dtype="float64",
    )
    x = golden.channels_last(case["in/x"])
    layer.build(x.shape)
    layer.load_torch_state(state)
    # with the published offsets in place of the predicted ones
    layer.offset_conv.call = lambda x: golden.channels_last(np.concatenate([case["in/offset"], *logits(case)], axis=1))
    case.expect("out", golden.channels_first(layer(x)))


def logits(case):
    if "in/mask" in case.arrays:
        with np.errstate(divide="ignore"):
            yield np.log(case["in/mask"] / (1 - case["in/mask"]))


def test_state_of_another_module():
    layer = DeformableConv2D(4, 3)
    layer.build((None, 8, 8, 4))
    with pytest.raises(
        ValueError, match=r"load_torch_state expected .*conv_offset.weight.* missing \['conv_offset.bias'"
    ):
        layer.load_torch_state({"weight": np.ones([4, 4, 3, 3]), "bias": np.ones(4)})


FOLDED = {
    "plain": {},
    "padded": {"padding": ((2, 1), (0, 1)), "dilation_rate": (1, 2)},
    "same": {"padding": "same", "groups": 2},
    "stride 2 same": {"strides": 2, "padding": "same", "kernel_size": 3},
    "stride (1, 2) same": {"strides": (1, 2), "padding": "same", "kernel_size": (3, 3)},
    "1x1 stride 2 same": {"strides": 2, "padding": "same", "kernel_size": 1},
    "2x1 stride 3 same": {"strides": 3, "padding": "same", "kernel_size": (2, 1)},
    "stride 3": {"strides": 3, "position_groups": 3},
    "stride and dilation": {"strides": 2, "dilation_rate": 3, "padding": 2},
    "channels first": {"padding": 1, "data_format": "channels_first", "position_groups": 2, "use_bias": False},
}
# offsets near zero; beyond the kernel on all sides; inside it alone; on pixels
OFFSETS = {"near": (0.0, 0.3), "far": (0.0, 4.0), "up left": (-9.0, 0.5), "down right": (9.0, 0.5), "whole": (2.0, 0.0)}


@pytest.mark.parametrize("given", FOLDED.values(), ids=FOLDED)
@pytest.mark.parametrize("offsets", OFFSETS.values(), ids=OFFSETS)
def test_active_convolution_folds(given, offsets):
    """On even and on odd sizes, into a convolution without any offsets."""
    layer = ActiveConv2D(**{"filters": 6, "kernel_size": (3, 2), "activation": "tanh", "dtype": "float64", **given})
    layer.build(images(layer).shape)
    redraw(layer)
    random = np.random.default_rng(0)
    layer.positions.offsets.assign(random.normal(*offsets, size=layer.positions.offsets.shape))
    folded = layer.fold()
    if layer.data_format == "channels_first":
        folded = tf.function(folded, jit_compile=True)  # Keras' own has no kernel on a CPU
    for size in ((8, 7), (9, 8)):
        x = images(layer, (2, *size, 4))
        np.testing.assert_allclose(folded(x), layer(x), atol=1e-12)


def test_active_convolution_by_its_definition(mode):
    """Outputs, and the gradients for input, kernel and offsets along a random direction."""
    layer = ActiveConv2D(6, (3, 2), 2, padding=1, position_groups=2, dtype="float64", use_bias=False)
    x = images(layer)
    layer.build(x.shape)
    redraw(layer)
    weights = [layer.kernel, layer.positions.offsets]

    def oracle(x, kernel, offsets):
        parts = [
            sampler_oracle.deform_conv(x, np.broadcast_to(o.ravel(), (2, 4, 4, 12)), k, strides=(2, 2), padding=1)
            for o, k in zip(offsets, np.split(kernel, 2, -1))
        ]
        return np.concatenate(parts, -1)

    values = [x, *(w.numpy() for w in weights)]
    random = np.random.default_rng(3)
    expected = oracle(*values)
    cotangent, directions = random.normal(size=expected.shape), [random.normal(size=v.shape) for v in values]
    outputs, gradients = golden.outputs_and_gradients(layer, [x], cotangent, lambda inputs: [*inputs, *weights], mode)
    np.testing.assert_allclose(outputs, expected, atol=1e-12)
    wanted = sampler_oracle.slope(lambda *v: np.sum(oracle(*v) * cotangent), values, directions)
    assert sum(np.sum(g * d) for g, d in zip(gradients, directions)) == pytest.approx(wanted, rel=1e-6)


COSTS = [
    (DeformableConv2D(8, (3, 2), padding="same"), 6 * 4 * 8 + 8 + 12 * 25, 42 * (6 * 4 * 8 + 12 * 24 + 4 * 24)),
    (
        DeformableConv2D(
            8, 3, modulated=True, deformable_groups=2, groups=2, use_bias=False, padding="same", strides=2
        ),
        9 * 2 * 8 + 54 * 37,
        12 * (9 * 2 * 8 + 54 * 36 + 4 * 36),
    ),
    (ActiveConv2D(8, 3, position_groups=2, padding="same"), 9 * 4 * 8 + 8 + 36, 42 * (9 * 4 * 8 + 4 * 2 * 36)),
]


@pytest.mark.parametrize("layer, parameters, products", COSTS, ids=lambda v: getattr(v, "name", ""))
def test_cost(layer, parameters, products):
    layer.build((None, 7, 6, 4))
    assert layer.cost((None, 7, 6, 4)) == (parameters, products)
    assert parameters == sum(int(np.prod(w.shape)) for w in layer.trainable_weights)


BAD = [
    (lambda: DeformableConv2D(0, 3), "DeformableConv2D '.*': `filters` must be a positive int"),
    (lambda: DeformableConv2D(4, 3, deformable_groups=0), "`deformable_groups` must be a positive int"),
    (lambda: DeformableConv2D(4, 3, mask_scale=2.0), "`mask_scale` .* Received: mask_scale=2.0, modulated=False"),
    (lambda: DeformableConv2D(4, 3, modulated=True, mask_scale=-1), "must be a positive number.*mask_scale=-1"),
    (
        lambda: DeformableConv2D(4, 3, deformable_groups=3).build((None, 8, 8, 4)),
        "channels must be divisible by `deformable_groups`. Received: 4 channels, deformable_groups=3",
    ),
    (lambda: DeformableConv2D(4, 9).build((None, 8, 8, 4)), "the kernel is larger than the .* Use padding='same'"),
    (lambda: DeformableConv2D(4, 3)(tf.ones([8, 8, 4])), "expected ndim=4, found ndim=3"),
    (lambda: DeformableConv2D(4, 3).build((None, 8, 8, None)), "the number of input channels must be known"),
    (lambda: ActiveConv2D(6, 3, position_groups=4), "divisible by `position_groups`.* Received: filters=6"),
    (lambda: ActiveConv2D(6, 3, groups=2, position_groups=2), "only one of `groups` and `position_groups` be above 1"),
    (lambda: ActiveConv2D(6, 3).fold(), "ActiveConv2D '.*': it has no weights to fold yet. Build it"),
    (
        lambda: DeformableConv2D(4, 3).cost((None, None, 8, 4)),
        "the cost depends on the spatial size. .* Give every spatial size",
    ),
]


@pytest.mark.parametrize("make, message", BAD, ids=[message[:40] for _, message in BAD])
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_padding_that_no_larger_kernel_has():
    layer = ActiveConv2D(2, 3, 5, padding="same")
    layer.build((None, 8, 8, 2))
    with pytest.raises(
        ValueError, match=r"fold\(\) cannot keep padding='same' .* Received: strides=\(5, 5\).* in numbers"
    ):
        layer.fold()


@pytest.mark.parametrize("block", [DeformableConv2D, ActiveConv2D, DeformableKernelConv2D])
def test_arguments_are_those_of_a_convolution_first(block):
    """In Keras' order and with its defaults."""
    theirs = [p for name, p in inspect.signature(keras.layers.Conv2D.__init__).parameters.items() if name != "kwargs"]
    shared = [p for p in theirs if p.name in inspect.signature(block.__init__).parameters]
    ours = list(inspect.signature(block.__init__).parameters.values())[: len(shared)]
    standard = {"strides": 1, "dilation_rate": 1}
    assert [p.name for p in ours] == [p.name for p in shared] and len(shared) == 17
    assert [p.default for p in ours] == [standard.get(p.name, p.default) for p in shared]


def test_offsets_are_float32_in_mixed_precision():
    for layer in (DeformableConv2D(4, 3, dtype="mixed_bfloat16"), ActiveConv2D(4, 3, dtype="mixed_bfloat16")):
        assert layer(tf.ones([1, 6, 6, 4])).dtype == tf.bfloat16
        part = layer.offset_conv if isinstance(layer, DeformableConv2D) else layer.positions
        assert part.compute_dtype == "float32"


def test_the_layer_is_the_op():
    layer = DeformableConv2D(4, 3)
    x = images(layer).astype("float32")
    layer.build(x.shape)
    redraw(layer)
    expected = deform_conv(x, layer.offset_conv(x), tf.convert_to_tensor(layer.kernel)) + layer.bias.numpy()
    np.testing.assert_allclose(layer(x), expected, atol=1e-6)
