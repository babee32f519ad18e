"""The harness catches broken layers: each of these breaks one promise, and the check of that promise must say so."""

import keras
import pytest

from tests.layers import broken
from tfdynconv import MixtureConv2D
from tfdynconv.testing import LayerCase, check_fresh_process, check_layer, run_check

IMAGE = (6, 5, 4)


def conv_case(layer, **arguments):
    arguments = {"filters": 4, "kernel_size": 3, **arguments}
    return LayerCase(layer, arguments, IMAGE, count="num_experts", twin=keras.layers.Conv2D)


def gain_case(layer):
    return LayerCase(layer, {}, IMAGE, ({"gain": 2.0},))


def routed(routing, **arguments):
    return conv_case(MixtureConv2D, routing=routing, num_kernels=3, **arguments)


BROKEN = [
    (gain_case(broken.ConfigKeyForgotten), "config", r"get_config lacks \['gain'\]"),
    (gain_case(broken.ConfigValueLost), "config", r"config\['gain'\] keeps its default"),
    (gain_case(broken.NameLost), "config", "the name is lost"),
    (gain_case(broken.NotRegistered), "config", "not registered"),
    (LayerCase(broken.Gain, {}, IMAGE), "config", r"no variant .* \['gain'\]"),
    (gain_case(broken.WeightNotSaved), "keras_file", "outputs after loading"),
    (gain_case(broken.WeightMadeInCall), "build", "made by the first call"),
    (gain_case(broken.WrongOutputShape), "output_shape", r"compute_output_shape.*expected \(2, 6, 5, 4\)"),
    (gain_case(broken.SizeFrozen), "unknown_sizes", "called with"),
    (gain_case(broken.SamplesMixed), "samples_independent", "one by one"),
    (gain_case(broken.EagerOnly), "graph", "outputs, graph against eager"),
    (gain_case(broken.WrongGradient), "graph", "gradient of the inputs, graph against eager"),
    (gain_case(broken.WrongUnderXla), "xla", "outputs, XLA against eager"),
    (gain_case(broken.WrongUnderXla), "xla_variants", "outputs, XLA against eager"),
    (gain_case(broken.GradientDead), "weights_learn", "gets no gradient"),
    (gain_case(broken.GradientDead), "partial_batch", "no weight moved"),
    (conv_case(broken.RoutingDead), "weights_learn", "gets no gradient"),
    (routed(broken.HalfPrecisionRouting()), "mixed_precision", "its routing runs in float16"),
    (gain_case(broken.Float32Outputs), "mixed_precision", "outputs are float32"),
    (routed(broken.BatchNormalisedRouting()), "batch_of_one", "affine"),
    (routed(broken.FrozenTemperature()), "temperature", "is not seen"),
    (routed(broken.PythonTemperature()), "temperature", "is not seen"),
    (routed(broken.IgnoredTemperature()), "temperature", "changes nothing"),
    (conv_case(broken.BiasOfFirstKernel), "one_hot", "one-hot"),
    (conv_case(broken.CoefficientsSquared), "equal_kernels", "equal kernels"),
    (conv_case(broken.ChannelsFirstIgnored), "one_kernel", "one kernel"),
]


def identify(case, check):
    routing = case.arguments.get("routing")
    return f"{type(routing).__name__ if routing else case}-{check}"


@pytest.mark.parametrize("case, check, message", BROKEN, ids=[identify(*row[:2]) for row in BROKEN])
def test_the_check_fails(case, check, message):
    with pytest.raises(AssertionError, match=message):
        run_check(case, check)


@pytest.mark.parametrize("check", ["config", "build", "output_shape", "unknown_sizes", "samples_independent", "graph"])
def test_the_layer_that_the_others_deviate_from_passes(check):
    run_check(gain_case(broken.Gain), check)


def test_an_exception_must_be_real():
    case = LayerCase(broken.Gain, {}, IMAGE, ({"gain": 2.0},), exceptions={"config": "just so"})
    with pytest.raises(AssertionError, match="declares an exception from 'config' .just so., but passes"):
        run_check(case, "config")


def test_a_real_exception_is_accepted():
    case = LayerCase(broken.SamplesMixed, {}, IMAGE, exceptions={"samples_independent": "it averages over the batch"})
    run_check(case, "samples_independent")


def test_an_exception_from_an_unknown_check_is_an_error():
    with pytest.raises(ValueError, match="unknown checks .'confg'"):
        check_layer(LayerCase(broken.Gain, {}, IMAGE, exceptions={"confg": "a slip of the pen"}))


def test_a_layer_whose_module_is_not_imported_does_not_load_elsewhere():
    with pytest.raises(AssertionError, match="fresh process"):
        check_fresh_process([gain_case(broken.NotRegistered)])
