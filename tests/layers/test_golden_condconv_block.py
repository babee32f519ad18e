"""A whole block of timm's CondConv network, composed from our layers: one routing for three convolutions.

`r = sigmoid(R mean(x) + b)`, then 1x1, BN, ReLU, depthwise, BN, ReLU, 1x1, BN, each convolution with `r`; the input is
added where the shapes allow it. What differs: timm's running variance takes the unbiased variance of the batch, Keras'
the biased one.
"""

import functools

import keras
import numpy as np
import pytest

import tfdynconv
from tests import golden

CASES = [golden.load("condconv", name) for name in golden.files("condconv", "block_")]
TRAINED = [case for case in CASES if case.meta["mode"] == "train"]
CONVOLUTIONS = ("conv_pw", "conv_dw", "conv_pwl")
NORMS = ("bn1", "bn2", "bn3")
KEPT = 0.9  # share of the running statistics that a step keeps; PyTorch's momentum is the rest


def block(case):
    """The block as a functional model with timm's state, and its layers by timm's names."""
    args, state = case.args, case.group("param")
    shape = (*case["in/x"].shape[2:], case["in/x"].shape[1])
    shared = {"use_bias": False, "num_experts": args["num_experts"], "routing": None, "dtype": "float64"}
    symmetric = (args["dw_kernel_size"] - 1) // 2  # stride 1 wherever pad_type is ''
    layers = {
        "routing_fn": tfdynconv.routing.SigmoidRouting(args["num_experts"], dtype="float64"),
        "conv_pw": tfdynconv.CondConv2D(int(args["in_chs"] * args["exp_ratio"]), 1, **shared),
        "conv_dw": tfdynconv.DepthwiseCondConv2D(
            args["dw_kernel_size"], strides=args["stride"], padding=args["pad_type"] or symmetric, **shared
        ),
        "conv_pwl": tfdynconv.CondConv2D(args["out_chs"], 1, **shared),
        **{name: keras.layers.BatchNormalization(momentum=KEPT, epsilon=1e-5, dtype="float64") for name in NORMS},
    }
    x = keras.Input(shape, dtype="float64")
    r = layers["routing_fn"](x)
    relu = keras.layers.ReLU(dtype="float64")
    y = relu(layers["bn1"](layers["conv_pw"](x, r)))
    y = relu(layers["bn2"](layers["conv_dw"](y, r)))
    y = layers["bn3"](layers["conv_pwl"](y, r))
    if args["stride"] == 1 and args["in_chs"] == args["out_chs"]:
        y = keras.layers.Add(dtype="float64")([x, y])

    for name in CONVOLUTIONS:
        layers[name].load_torch_state({"weight": state[f"{name}.weight"]})
    for name in NORMS:
        kinds = ("param", "weight"), ("param", "bias"), ("buffer", "running_mean"), ("buffer", "running_var")
        layers[name].set_weights([case[f"{group}/{name}.{kind}"] for group, kind in kinds])
    layers["routing_fn"].dense.set_weights([state["routing_fn.weight"].T, state["routing_fn.bias"]])
    return keras.Model(x, y), layers


def weights(layers):
    """Every trainable weight by timm's name, and the way of its gradient to timm's layout."""
    dense = layers["routing_fn"].dense
    found = {
        "conv_pw.weight": (layers["conv_pw"].kernel, golden.torch_bank),
        "conv_dw.weight": (layers["conv_dw"].kernel, golden.torch_depthwise_bank),
        "conv_pwl.weight": (layers["conv_pwl"].kernel, golden.torch_bank),
        "routing_fn.weight": (dense.kernel, golden.torch_dense),
        "routing_fn.bias": (dense.bias, np.reshape),
    }
    for name in NORMS:
        found[f"{name}.weight"] = (layers[name].gamma, np.reshape)
        found[f"{name}.bias"] = (layers[name].beta, np.reshape)
    return found


@functools.cache
def run(case, mode):
    """One step, kept for the tests that look at its sides."""
    model, layers = block(case)
    named = weights(layers)
    training = case.meta["mode"] == "train"
    assert len(named) == len(model.trainable_weights)
    outputs, (x, *gradients) = golden.outputs_and_gradients(
        lambda images: model(images, training=training),
        [golden.channels_last(case["in/x"])],
        golden.channels_last(case["R"]),
        lambda inputs: [*inputs, *(weight for weight, _ in named.values())],
        mode,
    )
    in_torch = {
        f"param/{name}": convert(gradient, case[f"param/{name}"].shape)
        for (name, (_, convert)), gradient in zip(named.items(), gradients)
    }
    return outputs, {"in/x": golden.channels_first(x), **in_torch}, layers


@pytest.mark.parametrize("case", CASES, ids=str)
def test_outputs_and_gradients(case, mode):
    outputs, gradients, _ = run(case, mode)
    case.expect("out", golden.channels_first(outputs))
    case.expect_gradients(gradients)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_shared_coefficients(case):
    _, layers = block(case)
    x = golden.channels_last(case["in/x"])
    case.expect("mid/routing_weights", layers["routing_fn"](x))
    case.expect("mid/routing_logits", layers["routing_fn"].dense(x.mean((1, 2))))


def running(case, layers, name):
    """Keras' running mean and variance after the step, the latter as if the batch variance had been unbiased."""
    mean, variance = layers[name].get_weights()[2:]
    height, width = case["in/x"].shape[2:] if name == "bn1" else case["out"].shape[2:]
    n = len(case["in/x"]) * height * width
    old = KEPT * case[f"buffer/{name}.running_var"]
    return {"running_mean": mean, "running_var": old + (variance - old) * n / (n - 1)}


@pytest.mark.parametrize("case", TRAINED, ids=str)
def test_running_statistics_but_for_the_unbiased_variance(case, mode):
    _, _, layers = run(case, mode)
    ours = {f"{name}.{kind}": a for name in NORMS for kind, a in running(case, layers, name).items()}
    counts = {f"{name}.num_batches_tracked" for name in NORMS}  # PyTorch's count of steps; Keras keeps none
    assert set(ours) | counts == set(case.group("buffer_after"))
    for key, array in ours.items():
        case.expect(f"buffer_after/{key}", array, atol=1e-8)  # Keras 2 rounds 1 - momentum to float32


@pytest.mark.parametrize("case", [case for case in CASES if case not in TRAINED], ids=str)
def test_running_statistics_stay_in_inference(case, mode):
    _, _, layers = run(case, mode)
    for name in NORMS:
        mean, variance = layers[name].get_weights()[2:]
        np.testing.assert_array_equal(mean, case[f"buffer/{name}.running_mean"])
        np.testing.assert_array_equal(variance, case[f"buffer/{name}.running_var"])
