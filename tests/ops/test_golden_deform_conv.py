"""Deformable convolution against torchvision's: outputs and every gradient, by the op and by the layer's masks and weights."""

import functools

import numpy as np
import pytest

from tests import golden
from tfdynconv.ops import deform_conv

load = functools.partial(golden.load, "deform_conv")
CASES = [load(name) for name in golden.files("deform_conv")]
EVERY = pytest.mark.parametrize("case", CASES, ids=str)
INPUTS = ("in/x", "in/offset", "in/mask", "param/weight", "param/bias")


def reproduces(case, mode, data_format="channels_last"):
    last = data_format == "channels_last"
    into, back = (golden.channels_last, golden.channels_first) if last else (np.asarray, np.asarray)
    names = [name for name in INPUTS if name in case.arrays]
    received = {name: into(case[name]) for name in names if name.startswith("in/")}
    received["param/weight"] = np.transpose(case["param/weight"], (2, 3, 1, 0))
    if "param/bias" in names:
        received["param/bias"] = case["param/bias"]

    def function(*values):
        given = dict(zip(names, values))
        outputs = deform_conv(
            given["in/x"],
            given["in/offset"],
            static(given["param/weight"], received["param/weight"].shape),
            given.get("in/mask"),
            strides=case.args.get("stride", 1),
            padding=case.args.get("padding", 0),
            dilations=case.args.get("dilation", 1),
            groups=case.args.get("groups", 1),
            data_format=data_format,
        )
        if "param/bias" in given:
            outputs += given["param/bias"] if last else given["param/bias"][:, np.newaxis, np.newaxis]
        return outputs

    outputs, gradients = golden.outputs_and_gradients(function, list(received.values()), into(case["R"]), list, mode)
    case.expect("out", back(outputs))
    gradients = dict(zip(received, gradients))
    gradients["param/weight"] = np.transpose(gradients["param/weight"], (3, 2, 0, 1))
    case.expect_gradients({k: back(g) if k.startswith("in/") else g for k, g in gradients.items()})


def static(kernel, shape):
    """Where the harness traces with an unknown first axis, the kernel still knows its own."""
    kernel.set_shape(shape)
    return kernel


@EVERY
def test_outputs_and_gradients(case, mode):
    reproduces(case, mode)


@pytest.mark.parametrize("name", ["v1_k3_s2_odd_og2", "v2_k3_og2_g2"])
def test_channels_first(name):
    """In the layout of the reference."""
    reproduces(load(name), "eager", "channels_first")


def test_every_file_is_used():
    assert sorted(map(str, CASES)) == sorted(golden.index("deform_conv"))
    assert len(CASES) == 15
