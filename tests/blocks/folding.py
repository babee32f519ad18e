"""Blocks of `CentredConv` branches and their reference data: weights in and out, running statistics included."""

import numpy as np

from tests import golden
from tfdynconv import _compat

# Keras 2.15 moves its averages by a tenth that is rounded to float32, in float64 too.
MOVED = {} if _compat.KERAS_3 else {"rtol": 1e-6, "atol": 1e-7}
NORM = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}


def kernel(array):
    """`[filters, channels / groups, *kernel_size]` -> ours."""
    return np.transpose(array, (2, 3, 1, 0))


def torch_kernel(array):
    return np.transpose(array, (3, 2, 0, 1))


def load(case, convs, norms):
    """Assign a case's weights; `convs` and `norms` are {PyTorch's name: our layer}."""
    for name, layer in convs.items():
        layer.kernel.assign(kernel(case[f"param/{name}.weight"]))
    for name, norm in norms.items():
        for theirs, ours in NORM.items():
            group = "buffer" if theirs.startswith("running") else "param"
            getattr(norm, ours).assign(case[f"{group}/{name}.{theirs}"])


def watched(convs, norms):
    """{name of a parameter in the case: our weight}."""
    found = {f"param/{name}.weight": layer.kernel for name, layer in convs.items()}
    for name, norm in norms.items():
        found |= {f"param/{name}.weight": norm.gamma, f"param/{name}.bias": norm.beta}
    return found


def reproduces(case, run, convs, norms, mode, **tolerance):
    """Outputs and every gradient; `run(images)` is the block, channels last."""
    weights = watched(convs, norms)
    outputs, (x, *gradients) = golden.outputs_and_gradients(
        run,
        [golden.channels_last(case["in/x"])],
        golden.channels_last(case["R"]),
        lambda inputs: [*inputs, *weights.values()],
        mode,
    )
    case.expect("out", golden.channels_first(outputs), **tolerance)
    found = {name: torch_kernel(g) if g.ndim == 4 else g for name, g in zip(weights, gradients)}
    case.expect_gradients({"in/x": golden.channels_first(x), **found}, **tolerance)


def unbiased(case, norms):
    """What PyTorch keeps of a batch's variance and Keras does not: `{name: unbiased - biased}`, from the case itself.

    `after = 0.9 before + 0.1 v n / (n - 1)` there, `0.9 before + 0.1 v` here, v the variance of n numbers.
    """
    found = {}
    for name, n in norms.items():
        before, after = (case[f"{group}/{name}.running_var"] for group in ("buffer", "buffer_after"))
        found[name] = (after - 0.9 * before) / 0.1 / n
    return found
