"""The PyTorch worker of `benchmarks.peers`: timm's `CondConv2d` with CondConv's routing, and `Conv2d`."""

import sys

import numpy as np
import torch
from timm.layers import CondConv2d

from benchmarks.peer_shapes import EXPERTS, PEERS
from benchmarks.peer_worker import serve


class CondConv(torch.nn.Module):
    """timm's layer takes the coefficients as an argument; these are computed as in timm's own networks."""

    def __init__(self, shape):
        super().__init__()
        self.conv = CondConv2d(
            shape.channels,
            shape.filters,
            shape.kernel,
            stride=shape.strides,
            groups=groups(shape),
            bias=True,
            num_experts=EXPERTS,
        )
        self.routing = torch.nn.Linear(shape.channels, EXPERTS)

    def forward(self, x):
        return self.conv(x, torch.sigmoid(self.routing(x.mean((2, 3)))))

    def load(self, saved, shape):
        """Weights as `tfdynconv.CondConv2D` keeps them, from `[n, *kernel_size, channels, filters]`."""
        bank = saved["bank"]
        if shape.depthwise:
            bank = bank.swapaxes(3, 4)  # [n, *kernel_size, channels, 1]: the channels are the filters
        with torch.no_grad():
            self.conv.weight.copy_(torch.tensor(bank.transpose(0, 4, 3, 1, 2).reshape(EXPERTS, -1)))
            self.conv.bias.copy_(torch.tensor(saved["bias"]))
            self.routing.weight.copy_(torch.tensor(saved["routing_kernel"].T))
            self.routing.bias.copy_(torch.tensor(saved["routing_bias"]))


def groups(shape):
    return shape.channels if shape.depthwise else 1


def static(shape):
    return torch.nn.Conv2d(
        shape.channels,
        shape.filters,
        shape.kernel,
        stride=shape.strides,
        padding=shape.kernel // 2,
        groups=groups(shape),
    )


def forward(module, x):
    def run():
        with torch.inference_mode():
            return module(x)

    return run


def training_step(module, x):
    x, weights = x.clone().requires_grad_(), list(module.parameters())

    def run():
        loss = module(x).square().sum()
        return torch.autograd.grad(loss, [x, *weights])

    return run


def candidates(number, path):
    shape, saved = PEERS[number], np.load(path)
    x = torch.tensor(saved["inputs"].transpose(0, 3, 1, 2)).contiguous()
    last = {"memory_format": torch.channels_last}
    cond = CondConv(shape)
    cond.load(saved, shape)
    with torch.inference_mode():
        found = cond(x).numpy().transpose(0, 2, 3, 1)
    difference = np.abs(found - saved["outputs"]).max() / np.abs(saved["outputs"]).max()
    if not difference < 1e-4:
        raise RuntimeError(
            f"{shape}: timm's CondConv2d and CondConv2D differ by {difference:.1e} of the largest output."
        )
    found = {
        "timm": (cond, x),
        "Conv2d": (static(shape), x),
        "timm, channels last": (cond, x.contiguous(**last)),
        "Conv2d, channels last": (static(shape).to(**last), x.contiguous(**last)),
    }
    steps = {"forward": forward, "training": training_step}
    return {kind: {name: step(*arguments) for name, arguments in found.items()} for kind, step in steps.items()}


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[1]))
    torch.manual_seed(0)
    serve(candidates)
