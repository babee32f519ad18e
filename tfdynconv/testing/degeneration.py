"""Where its coefficients stand still, a dynamic layer is a static one, for which Keras' layer is the reference."""

import inspect

import numpy as np

from tfdynconv.testing.compare import expect, expect_close

BATCH = 4


def check_one_kernel(case):
    """With one kernel and the coefficient 1, and by its own routing where the coefficients sum to 1, it is its twin."""
    for arguments in static_sets(case):
        arguments[case.count] = 1
        layer, x = case.made(arguments), case.inputs(BATCH, arguments)
        wanted = twin_outputs(case, arguments, layer, x, 0)
        expect_close(layer(x, case.given(layer, x, np.ones([BATCH, 1]))), wanted, case, f"one kernel, {arguments}")
        if layer.routing.sums_to_one:
            expect_close(layer(x), wanted, case, f"one kernel, own routing, {arguments}")


def check_equal_kernels(case):
    """With equal kernels and any coefficients that sum to 1 it is its twin."""
    for arguments in static_sets(case):
        layer, x = case.made(arguments), case.inputs(BATCH, arguments)
        for bank in banks(layer):
            bank.assign(np.repeat(bank.numpy()[:1], bank.shape[0], axis=0))
        wanted = twin_outputs(case, arguments, layer, x, 0)
        coefficients = np.random.default_rng(5).dirichlet(np.ones(layer.kernel.shape[0]), BATCH)
        expect_close(layer(x, case.given(layer, x, coefficients)), wanted, case, f"equal kernels, {arguments}")
        if layer.routing.sums_to_one:
            expect_close(layer(x), wanted, case, f"equal kernels, own routing, {arguments}")


def check_one_hot(case):
    """With one-hot coefficients each sample meets the one kernel that they name."""
    for arguments in static_sets(case):
        layer, x = case.made(arguments), case.inputs(BATCH, arguments)
        chosen = np.arange(BATCH) % layer.kernel.shape[0]
        outputs = np.asarray(layer(x, case.given(layer, x, np.eye(layer.kernel.shape[0])[chosen])))
        wanted = [twin_outputs(case, arguments, layer, x[i : i + 1], kernel) for i, kernel in enumerate(chosen)]
        expect_close(outputs, np.concatenate(wanted), case, f"one-hot coefficients, {arguments}")


def static_sets(case):
    """The sets of arguments that the twin has a meaning for (Keras pads by words, and on a CPU only channels last)."""
    expect(case.twin is not None, case, "has no Keras twin.")
    expect(case.count is not None, case, "has no bank of kernels.")
    return [
        dict(arguments)
        for arguments in case.sets()
        if isinstance(arguments.get("padding", "valid"), str) and arguments.get("data_format") != "channels_first"
    ]


def twin_outputs(case, arguments, layer, x, index):
    """What the Keras layer of the same arguments gives with kernel and bias number `index` of the bank."""
    known = inspect.signature(case.twin.__init__).parameters
    twin = case.twin(**{name: value for name, value in arguments.items() if name in known})
    twin.build(x.shape)
    twin.set_weights([w.numpy()[index] if len(w.shape) > 1 else w.numpy() for w in weights(layer)])
    return np.asarray(twin(x))


def weights(layer):
    return [weight for weight in (layer.kernel, layer.bias) if weight is not None]


def banks(layer):
    """The weights that have a row for each kernel; a static bias has none."""
    return [weight for weight in weights(layer) if len(weight.shape) > 1]
