"""Blocks that weigh branches and channels, in NumPy float64 and in inference, from the arrays of a PyTorch state dict.

Written from the definitions, image by image with plain loops over branches and groups; nothing is shared with the package
but the convolution of `tests/oracles.py`. Images are channels last, weights PyTorch's.
"""

import numpy as np

from tests.oracles import Convolution

EPSILON = 1e-5


def conv(x, weight, bias=None, **window):
    kernel = np.transpose(weight, (2, 3, 1, 0))
    outputs = Convolution(x.shape[1:3], kernel.shape[:2], **window).forward(x, np.stack([kernel] * len(x)))
    return outputs if bias is None else outputs + bias


def norm(x, state, prefix):
    if f"{prefix}.running_mean" not in state:
        return x
    mean, variance = state[f"{prefix}.running_mean"], state[f"{prefix}.running_var"]
    return (x - mean) / np.sqrt(variance + EPSILON) * state[f"{prefix}.weight"] + state[f"{prefix}.bias"]


def dense(v, state, prefix, groups=1):
    """A grouped 1x1 convolution of `[batch, channels]`."""
    weight = state[f"{prefix}.weight"].reshape(len(state[f"{prefix}.weight"]), -1)
    units, inputs = len(weight) // groups, weight.shape[1]
    found = [v[:, g * inputs : (g + 1) * inputs] @ weight[g * units : (g + 1) * units].T for g in range(groups)]
    return np.concatenate(found, 1) + state.get(f"{prefix}.bias", 0.0)


def relu(x):
    return np.maximum(x, 0.0)


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def hard_sigmoid(x):
    return np.clip(x + 3.0, 0.0, 6.0) / 6.0


def squeeze_excite(x, state, gate=sigmoid):
    means = x.mean((1, 2))
    return x * gate(dense(relu(dense(means, state, "fc1")), state, "fc2"))[:, None, None]


def selective_kernel(x, state, sizes, padding, strides=1, dilation=1, groups=1, dilated=True, split_input=True):
    """`padding`: zeros on all sides for the largest kernel."""
    parts = np.split(x, len(sizes), -1) if split_input else [x] * len(sizes)
    maps = []
    for i, (size, part) in enumerate(zip(sizes, parts)):
        window = {
            "strides": (strides,) * 2,
            "dilations": (dilation * (size - 1) // 2 if dilated else dilation,) * 2,
            "padding": padding - dilation * (max(sizes) - size) // 2,
            "groups": groups,
        }
        maps.append(relu(norm(conv(part, state[f"paths.{i}.conv.weight"], **window), state, f"paths.{i}.bn")))
    means = sum(maps).mean((1, 2))
    hidden = relu(norm(dense(means, state, "attn.fc_reduce"), state, "attn.bn"))
    logits = dense(hidden, state, "attn.fc_select").reshape(len(x), len(sizes), -1)
    weights = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return sum(u * weights[:, i, None, None] for i, u in enumerate(maps))


def split_attention(x, state, radix=2, groups=1, **window):
    """One attention for each group, whose logits stand together, as the authors' `test_radix_major.py` has it."""
    u = conv(x, state["conv.weight"], state.get("conv.bias"), groups=groups * radix, **window)
    maps = np.split(relu(norm(u, state, "bn0")), radix, -1)
    hidden = relu(norm(dense(sum(maps).mean((1, 2)), state, "fc1", groups), state, "bn1"))
    logits = dense(hidden, state, "fc2", groups)
    width = maps[0].shape[-1] // groups
    outputs = np.zeros_like(maps[0])
    for g in range(groups):
        own = logits[:, g * radix * width : (g + 1) * radix * width].reshape(len(x), radix, width)
        weights = sigmoid(own) if radix == 1 else np.exp(own) / np.exp(own).sum(1, keepdims=True)
        channels = slice(g * width, (g + 1) * width)
        for r, u in enumerate(maps):
            outputs[..., channels] += u[..., channels] * weights[:, r, None, None]
    return outputs


def mean_of_nine(x, strides):
    """A 3x3 mean of all images, zeros beyond the border counted."""
    padded = np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)])
    height, width = x.shape[1:3]
    rows, columns = range(0, height, strides), range(0, width, strides)
    cells = [[padded[:, i : i + 3, j : j + 3].sum((1, 2)) / 9.0 for j in columns] for i in rows]
    return np.transpose(cells, (2, 0, 1, 3))


def self_calibrated(x, state, pooling_size, strides=1, padding=1, plain=None):
    """`plain`: (weight, the four arrays of its normalisation as a state) of the half that is convolved plainly."""
    x, other = (x, None) if plain is None else np.split(x, 2, -1)
    side = min(pooling_size, *x.shape[1:3])
    coarse_size = [n // side for n in x.shape[1:3]]
    coarse = np.zeros((len(x), *coarse_size, x.shape[-1]))
    for i, j in np.ndindex(*coarse_size):
        coarse[:, i, j] = x[:, i * side : (i + 1) * side, j * side : (j + 1) * side].mean((1, 2))
    coarse = norm(conv(coarse, state["k2.1.weight"], padding="same"), state, "k2.2")
    rows, columns = ([i * m // n for i in range(n)] for n, m in zip(x.shape[1:3], coarse_size))
    gate = sigmoid(x + coarse[:, rows][:, :, columns])
    fine = norm(conv(x, state["k3.0.weight"], padding="same"), state, "k3.1") * gate
    window = {"strides": (strides,) * 2, "padding": padding}
    outputs = norm(conv(fine, state["k4.0.weight"], **window), state, "k4.1")
    if plain is None:
        return outputs
    weight, statistics = plain
    return np.concatenate([outputs, norm(conv(other, weight, **window), statistics, "bn")], -1)
