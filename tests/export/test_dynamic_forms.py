"""Every dynamic layer, in each form that it has: it computes the same, from ops and filters as the form promises."""

import keras
import pytest

import tfdynconv
from tests.export.phone import Phone
from tfdynconv.layers import (
    CondConv1D,
    CondConv2D,
    CondConv2DTranspose,
    CondConv3D,
    CondDense,
    DepthwiseCondConv2D,
    DepthwiseDyNetConv2D,
    DRConv2D,
    DynamicConv2D,
    DyNetConv2D,
    ODConv1D,
    ODConv2D,
    VersatileConv2D,
)
from tfdynconv.testing.case import redraw

IMAGE = [8, 9, 4]
MIXED = {
    "same": (IMAGE, lambda: CondConv2D(6, 3, padding="same", num_experts=3)),
    "strides": (IMAGE, lambda: CondConv2D(6, 3, strides=2, padding="same", num_experts=3)),
    "dilation": (IMAGE, lambda: CondConv2D(6, (3, 2), dilation_rate=2, num_experts=3)),
    "groups": (IMAGE, lambda: CondConv2D(6, 3, groups=2, num_experts=3)),
    "tall": (IMAGE, lambda: CondConv2D(6, (5, 1), strides=(1, 3), num_experts=3)),
    "wide": (IMAGE, lambda: CondConv2D(6, (1, 7), padding=(0, 3), num_experts=3)),
    "channels_first": ([4, 8, 9], lambda: CondConv2D(6, 3, data_format="channels_first", num_experts=3)),
    "pointwise": (IMAGE, lambda: DynamicConv2D(6, 1, strides=2, temperature=1.0)),
    "transpose": (IMAGE, lambda: CondConv2DTranspose(6, 3, strides=2, padding="same", num_experts=3)),
    "steps": ([9, 4], lambda: CondConv1D(6, 3, padding="causal", num_experts=3)),
    "rows": ([9, 4], lambda: CondDense(5, num_experts=3)),
    "depthwise": (IMAGE, lambda: DepthwiseCondConv2D(3, depth_multiplier=2, num_experts=3)),
    "filters": (IMAGE, lambda: DyNetConv2D(6, 3, group_size=2)),
    "depthwise_filters": (IMAGE, lambda: DepthwiseDyNetConv2D(3, group_size=2)),
    "attention": (IMAGE, lambda: ODConv2D(6, 3, strides=2, num_kernels=2)),
    "attention_groups": (IMAGE, lambda: ODConv2D(8, 3, groups=2, num_kernels=2)),
    "attention_depthwise": (IMAGE, lambda: ODConv2D(4, 3, groups=4)),
    "attention_steps": ([9, 4], lambda: ODConv1D(6, 3, strides=2, num_kernels=2)),
}
STATIC = {
    "gates": (IMAGE, lambda: ODConv2D(6, 1)),
    "windows": (IMAGE, lambda: VersatileConv2D(8, 3)),
    "masks": (IMAGE, lambda: VersatileConv2D(8, 3, direction="learned", num_masks=4)),
}
COMPUTED = {
    "pooled": (IMAGE, lambda: DRConv2D(6, 3, num_regions=3)),
    "basis": (IMAGE, lambda: DRConv2D(6, 1, num_regions=3, generator="basis")),
}
VOLUME = {"volume": ([4, 5, 6, 2], lambda: CondConv3D(3, 3, num_experts=2))}


def model_of(cases):
    """One model of all of them, because each conversion takes seconds."""
    inputs = {name: keras.Input(shape, name=name) for name, (shape, _) in cases.items()}
    outputs = {f"{name}_out": cases[name][1]()(x) for name, x in inputs.items()}
    model = keras.Model(inputs, outputs)
    redraw(model)
    return model


def export(folder, cases, **arguments):
    path = str(folder / "model.tflite")
    return tfdynconv.export.to_tflite(model_of(cases), path, **arguments), Phone(path)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    every = {**MIXED, **STATIC, **VOLUME}
    return {
        "matmul": export(tmp_path_factory.mktemp("matmul"), {**every, **COMPUTED}, form="matmul"),
        "constant": export(tmp_path_factory.mktemp("constant"), every, form="constant"),
    }


@pytest.mark.parametrize("form", ["matmul", "constant"])
def test_computes_the_same(files, form):
    report, _ = files[form]
    assert report.max_relative_error < 1e-5


@pytest.mark.parametrize("form, extra", [("matmul", len(COMPUTED)), ("constant", 0)])
def test_the_report_names_the_form_of_each_layer(files, form, extra):
    report, _ = files[form]
    assert [choice.form for choice in report.choices] == [form] * (len(MIXED) + len(VOLUME) + extra)
    assert len({choice.layer for choice in report.choices}) == len(report.choices)
    assert f"{form} in " in str(report) and "asked for" in str(report)


def test_constant_filters_are_constant(files):
    _, phone = files["constant"]
    ops = phone.interpreter._get_ops_details()
    computed = {index for op in ops for index in op["outputs"]}
    filters = {"CONV_2D": 1, "DEPTHWISE_CONV_2D": 1, "CONV_3D": 1, "FULLY_CONNECTED": 1, "TRANSPOSE_CONV": 1}
    names = [op["op_name"] for op in ops if op["op_name"] in filters]
    assert len(names) > 50
    assert not [op for op in ops if op["op_name"] in filters and op["inputs"][1] in computed]
    assert "BATCH_MATMUL" not in phone.ops


def test_products_leave_no_computed_filter_but_a_depthwise_one(files):
    _, phone = files["matmul"]
    ops = phone.interpreter._get_ops_details()
    computed = {index for op in ops for index in op["outputs"]}
    found = {op["op_name"] for op in ops if "CONV" in op["op_name"] and op["inputs"][1] in computed}
    assert found == {"DEPTHWISE_CONV_2D"}


@pytest.mark.parametrize("form", ["matmul", "constant"])
def test_rank_four_at_most_except_in_volumes(files, form):
    _, phone = files[form]
    outside = {
        phone.runner.get_output_details()["volume_out"]["name"],
        phone.runner.get_input_details()["volume"]["name"],
    }
    details = {t["index"]: t["name"] for t in phone.interpreter.get_tensor_details()}
    volumes = [op for op in phone.interpreter._get_ops_details() if op["op_name"] == "CONV_3D"]
    outside |= {details[index] for op in volumes for index in op["inputs"] if index in details}
    high = [t["name"] for t in phone.interpreter.get_tensor_details() if len(t["shape"]) > 4]
    assert [name for name in high if "3d" not in name and name not in outside] == []


@pytest.mark.parametrize("case", COMPUTED)
def test_a_form_that_does_not_exist_is_refused(tmp_path, case):
    with pytest.raises(ValueError, match="to_tflite: form='constant' cannot be had for '.*dr_conv2d"):
        export(tmp_path, {case: COMPUTED[case]}, form="constant")
    assert list(tmp_path.iterdir()) == []


def test_a_file_for_a_cpu_stays_in_one_piece_in_xnnpack(tmp_path):
    layers = [keras.Input([12, 12, 8])]
    for kernel, strides in ((3, 1), (3, 2), (1, 1), (5, 1)):
        layers.append(CondConv2D(8, kernel, strides=strides, padding="same", num_experts=4, activation="relu"))
    path = str(tmp_path / "model.tflite")
    tfdynconv.export.to_tflite(keras.Sequential(layers), path)
    interpreter = Phone(path).interpreter
    interpreter.allocate_tensors()
    delegates = [op for op in interpreter._get_ops_details() if op["op_name"] == "DELEGATE"]
    assert len(delegates) == 1
    (produced,) = {int(d["index"]) for d in interpreter.get_output_details()} & {
        int(i) for i in delegates[0]["outputs"]
    }
    assert {int(i) for i in delegates[0]["inputs"]} >= {int(d["index"]) for d in interpreter.get_input_details()}
    assert produced >= 0


@pytest.mark.parametrize("target, forms", [("cpu", ["matmul", "matmul", "constant"]), ("gpu", ["constant"] * 3)])
def test_auto_chooses_by_layer_and_target(tmp_path, target, forms):
    layers = [
        keras.Input([6, 6, 4]),
        CondConv2D(4, 3, name="a"),
        DepthwiseCondConv2D(3, name="b"),
        keras.layers.Flatten(),
        CondDense(3, name="c"),
    ]
    report = tfdynconv.export.to_tflite(keras.Sequential(layers), str(tmp_path / "m.tflite"), target=target)
    assert [choice.layer.split("/")[-1].split("_")[0] for choice in report.choices] == ["a", "b", "c"]
    assert [choice.form for choice in report.choices] == forms
    assert len({choice.reason for choice in report.choices}) == (3 if target == "cpu" else 1)


@pytest.mark.parametrize("arguments", [{"form": "fast"}, {"target": "tpu"}])
def test_unknown_names(tmp_path, arguments):
    with pytest.raises(ValueError, match=f"to_tflite: `{next(iter(arguments))}` must be one of .* Received:"):
        export(tmp_path, {"rows": MIXED["rows"]}, **arguments)
