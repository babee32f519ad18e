"""Bad requests to the functions: each a `ValueError` that names the function, what was expected, what came, the mend."""

import pytest
import tensorflow as tf

import tfdynconv
from tfdynconv.ops import mixture_conv, per_sample_conv, per_sample_conv_transpose, per_sample_depthwise_conv

X, K = (2, 6, 6, 4), (2, 3, 3, 4, 6)

CONV = [
    ({"x": (2, 6)}, r"expected inputs of rank 3 or 4 or 5 .* Received: inputs of shape \(2, 6\)"),
    ({"x": (2, 6, 6, 6, 6, 4)}, "expected inputs of rank 3 or 4 or 5"),
    ({"k": (3, 3, 4, 6)}, r"one kernel for each sample\). Received: .* kernels of shape \(3, 3, 4, 6\)"),
    ({"k": (3, 3, 3, 4, 6)}, "expected one kernel for each sample. Received: 2 samples and 3 kernels"),
    ({"k": (2, 0, 3, 4, 6)}, "the kernels' sizes, all but the batch, must be known and at least 1"),
    ({"k": (2, 3, 3, 3, 6)}, "expected channels = kernel channels x groups .* Received: 4 input channels, .* groups=1"),
    ({"groups": 3}, "Received: 4 input channels, .* groups=3"),
    ({"groups": 0}, "`groups` must be a positive int. Received: groups=0"),
    ({"groups": 2, "k": (2, 3, 3, 2, 5)}, r"filters divisible by groups. .* \(2 channels, 5 filters\), groups=2"),
    ({"strides": 0}, "`strides` must be a positive int or 2 of them. Received: strides=0"),
    ({"strides": (1, 2, 3)}, r"Received: strides=\(1, 2, 3\). Pass one int for all axes"),
    ({"dilations": -1}, "`dilations` must be .* Received: dilations=-1"),
    ({"strides": 2, "dilations": 2}, "cannot both be above 1. .* Set one of them to 1"),
    ({"padding": "full"}, "unknown `padding`. .* Received: padding='full'"),
    ({"padding": "causal"}, "'causal' is defined for 1-D convolutions alone. Received a 2-D"),
    ({"padding": ((1, 0),)}, r"2 \(before, after\) pairs of ints, none negative. Received"),
    ({"data_format": "NCHW"}, "`data_format` must be .* Received: data_format='NCHW'"),
    ({"lowering": "fft"}, "unknown lowering. Expected one of auto, loop, .* Received: lowering='fft'"),
    ({"lowering": "features"}, "unknown lowering"),
    ({"x": (2, 2, 6, 4)}, "the kernel is larger than the .* Use padding='same' or a smaller kernel"),
    ({"x": (2, 4, 4, 4), "dilations": 2}, r"dilations \(2, 2\). Use padding='same'"),
    ({"x": (2, 4, 4, 4, 4), "k": (2, 2, 2, 2, 4, 1), "lowering": "grouped"}, "no grouped 3-D .* Use lowering='auto'"),
]


def call(function, request):
    arguments = {**request, "x": tf.zeros(request.get("x", X)), "k": tf.zeros(request.get("k", K))}
    return function(arguments.pop("x"), arguments.pop("k"), **arguments)


@pytest.mark.parametrize("request_, message", CONV, ids=[str(request) for request, _ in CONV])
def test_per_sample_conv(request_, message):
    with pytest.raises(ValueError, match=f"per_sample_conv: .*{message}"):
        call(per_sample_conv, request_)


def test_dtypes_that_differ():
    message = "must have the same floating dtype. Received: inputs float16, kernels float32. Cast one with tf.cast"
    with pytest.raises(ValueError, match=message):
        per_sample_conv(tf.zeros(X, "float16"), tf.zeros(K))


def test_integers():
    with pytest.raises(ValueError, match="per_sample_conv: .* same floating dtype. Received: inputs int32"):
        per_sample_conv(tf.zeros(X, "int32"), tf.zeros(K, "int32"))


def test_kernels_of_unknown_size():
    @tf.function(input_signature=[tf.TensorSpec([2, None, None, 4, 6])], autograph=False)
    def run(k):
        return per_sample_conv(tf.zeros(X), k)

    with pytest.raises(ValueError, match="the kernels' sizes, all but the batch, must be known"):
        run.get_concrete_function()


DEPTHWISE = [
    ({"k": (2, 3, 3, 4)}, "expected inputs of rank 4 and kernels of one rank more"),
    ({"x": (2, 6, 4), "k": (2, 3, 4, 1)}, "expected inputs of rank 4"),
    ({"k": (2, 3, 3, 5, 1)}, r"expected kernels of shape \[batch, height, width, 4, multiplier\] for 4 input channels"),
    ({"strides": (1, 2)}, r"expected equal strides .* Use per_sample_conv with groups=channels instead"),
    ({"k": (1, 3, 3, 4, 1)}, "expected one kernel for each sample"),
]


@pytest.mark.parametrize("request_, message", DEPTHWISE, ids=[str(request) for request, _ in DEPTHWISE])
def test_per_sample_depthwise_conv(request_, message):
    with pytest.raises(ValueError, match=f"per_sample_depthwise_conv: .*{message}"):
        call(per_sample_depthwise_conv, request_)


TRANSPOSE = [
    ({"padding": "causal"}, "'causal' is defined for 1-D"),
    ({"padding": 1}, r"`padding` must be 'valid' or 'same'"),
    ({"k": (2, 3, 3, 6, 5)}, r"expected kernels of shape \[batch, \*kernel_size, filters, 4\] for 4 input channels"),
    ({"k": (2, 3, 3, 6, 4), "output_padding": 1}, "`output_padding` must be None, or ints from 0 to below the stride"),
    (
        {"k": (2, 3, 3, 6, 4), "strides": 2, "output_padding": (1,)},
        r"Received: output_padding=\(1,\), strides=\(2, 2\)",
    ),
]


@pytest.mark.parametrize("request_, message", TRANSPOSE, ids=[str(request) for request, _ in TRANSPOSE])
def test_per_sample_conv_transpose(request_, message):
    with pytest.raises(ValueError, match=f"per_sample_conv_transpose: .*{message}"):
        call(per_sample_conv_transpose, request_)


MIXTURE = [
    ({"bank": (3, 3, 4, 6)}, r"expected inputs of rank 3, 4 or 5 and a bank of one rank more"),
    ({"a": (2, 4)}, r"expected coefficients of shape \[batch, 3\], .* Received: coefficients of shape \(2, 4\)"),
    ({"a": (5, 3)}, r"Received: coefficients of shape \(5, 3\) for inputs with batch 2"),
    ({"a": (2, 3, 1)}, r"Received: coefficients of shape \(2, 3, 1\)"),
    ({"lowering": "winograd"}, "unknown lowering. Expected one of .* features"),
    ({"groups": 2}, "Received: 4 input channels, .* groups=2"),
    ({"x": (2, 2, 2, 4)}, "the kernel is larger than the"),
    ({"dtype": "float16"}, "same floating dtype. Received: float32, float32, float16"),
]


@pytest.mark.parametrize("request_, message", MIXTURE, ids=[str(request) for request, _ in MIXTURE])
def test_mixture_conv(request_, message):
    arguments = {"x": X, "bank": (3, 3, 3, 4, 6), "a": (2, 3), "dtype": "float32", **request_}
    x, bank = (tf.zeros(arguments.pop(name)) for name in ("x", "bank"))
    a = tf.zeros(arguments.pop("a"), arguments.pop("dtype"))
    with pytest.raises(ValueError, match=f"mixture_conv: .*{message}"):
        mixture_conv(x, bank, a, **arguments)


def test_unknown_name_of_the_scope():
    with pytest.raises(ValueError, match="tfdynconv.lowering: unknown lowering. .* Received: lowering='features'"):
        with tfdynconv.lowering("features"):
            pass


@pytest.mark.parametrize("name", ["unrolled", "vectorized"])
def test_a_while_loop_for_a_phone(name):
    with pytest.raises(ValueError, match=rf"lowering='{name}' cannot be used here \(place: tflite\): its while loop"):
        with tfdynconv.ops.place.exporting("tflite"):
            per_sample_conv(tf.zeros(X), tf.zeros(K), lowering=name)
