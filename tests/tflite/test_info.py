"""The command `info`: inputs, outputs, signatures, ops, size, and what XNNPACK leaves out."""

from tests.tflite.device import printed, refused, result


def test_inputs_outputs_signatures_and_size(file):
    told = result("info", file("two.tflite"))
    assert told["bytes"] == file("two.tflite").stat().st_size
    plain = {"quantization": None}
    assert sorted(told["inputs"], key=lambda each: each["name"]) == [
        {"name": "image", "shape": [1, 6, 6, 2], "dtype": "float32", **plain},
        {"name": "kind", "shape": [1, 1], "dtype": "int32", **plain},
    ]
    assert {each["name"]: (each["shape"], each["dtype"]) for each in told["outputs"]} == {
        "mean": ([1, 2], "float32"),
        "shifted": ([1, 2], "float32"),
    }
    assert told["signatures"] == {"serving_default": {"inputs": ["image", "kind"], "outputs": ["mean", "shifted"]}}
    assert told["ops"] == {"ADD": 1, "CAST": 1, "MEAN": 1}


def test_in_words(file):
    told = printed("info", file("two.tflite"))
    assert {
        "input  image: float32 (1, 6, 6, 2)",
        "input  kind: int32 (1, 1)",
        "output mean: float32 (1, 2)",
        "signature serving_default: image, kind -> mean, shifted",
        "ops: ADD 1, CAST 1, MEAN 1",
    } <= set(told.splitlines())
    assert f"{file('two.tflite').stat().st_size:,} bytes" in told


def test_quantization(file):
    """As LiteRT tells it of the tensor, by another call than the runner's."""
    from ai_edge_litert.interpreter import Interpreter

    (detail,) = Interpreter(model_path=str(file("int8.tflite"))).get_input_details()
    (scale,), (zero_point,) = (detail["quantization_parameters"][key] for key in ("scales", "zero_points"))
    (told,) = result("info", file("int8.tflite"))["inputs"]
    assert told["dtype"] == "int8"
    assert told["quantization"] == {"scale": float(scale), "zero_point": int(zero_point)}
    assert f"int8 (1, 4, 5, 3), {scale:.6g} * (q - {zero_point})" in printed("info", file("int8.tflite"))


def test_a_kernel_that_is_computed_leaves_xnnpack(file):
    """As XNNPACK's list of ops says: the filter of a CONV_2D must be constant."""
    static, computed = (result("info", file(name))["delegate"] for name in ("static.tflite", "computed.tflite"))
    assert static == {"parts": 1, "ops_outside": {}}
    assert computed == {"parts": 2, "ops_outside": {"CONV_2D": 1}}
    assert "XNNPACK: 1 part(s); outside of it: nothing" in printed("info", file("static.tflite"))
    assert "XNNPACK: 2 part(s); outside of it: CONV_2D 1" in printed("info", file("computed.tflite"))


def test_sizes_that_the_file_leaves_open(file):
    told = result("info", file("any_batch.tflite"))
    assert told["inputs"][0]["shape"] == [-1, 4, 5, 3]
    assert told["delegate"] == {"parts": 1, "ops_outside": {}}
    refused("leaves sizes open, and does not run with 1 for each", "info", file("any_size.tflite"))


def test_what_xnnpack_does_not_take_at_all(file):
    """Activations of 16 bits: then every op is outside."""
    told = result("info", file("int16.tflite"))
    assert told["delegate"] == {"parts": 0, "ops_outside": told["ops"]}
