"""Deformable convolution against torchvision's: outputs and every gradient."""

import functools

import numpy as np
import pytest

from tests import golden
from tfdynconv.ops import deform_conv

load = functools.partial(golden.load, "deform_conv")
CASES = [load(name) for name in golden.files("deform_conv")]
EVERY = pytest.mark.parametrize("case", CASES, ids=str)


def reproduces(case, mode, data_format="channels_last"):
    args = case.args
    last = data_format == "channels_last"
    into, back = (golden.channels_last, golden.channels_first) if last else (np.asarray, np.asarray)
    names = [name for name in ("in/x", "in/offset", "in/mask") if name in case.arrays]
    weights = [name for name in ("param/weight", "param/bias") if name in case.arrays]
    kernel = np.transpose(case["param/weight"], (2, 3, 1, 0))
    bias = [case["param/bias"][np.newaxis]] if "param/bias" in weights else []

    def function(x, offset, *others):
        mask, kernel, bias = others if len(others) == 3 else (None, *others) if len(names) == 2 else (*others, None)
        kernel = kernel[0]
        y = deform_conv(
            x,
            offset,
            kernel,
            mask,
            strides=args.get("stride", 1),
            padding=args.get("padding", 0),
            dilations=args.get("dilation", 1),
            groups=args.get("groups", 1),
            data_format=data_format,
        )
        return y if bias is None else y + bias
