"""Numbers that say how a dynamic layer uses what it has."""

import numpy as np


def shares(values):
    """Coefficients `[batch, n]` or `[batch, n, filters]` as shares of the sum over the n."""
    size = np.abs(values)
    total = size.sum(1, keepdims=True)
    return np.where(total > 0, size / np.where(total > 0, total, 1), 1 / values.shape[1])


def use(values):
    """`[n]`: the mean of each coefficient.

    >>> use(np.array([[1.0, 0.0], [0.5, 0.5]])).tolist()
    [0.75, 0.25]
    """
    return np.moveaxis(values, 1, 0).reshape(values.shape[1], -1).mean(1)


def entropy(values):
    """Of one sample's coefficients, a mean: 1 where all count the same, 0 where one alone counts.

    >>> round(entropy(np.array([[0.3, 0.3]])), 6), entropy(np.array([[1.0, 0.0]]))
    (1.0, 0.0)
    """
    if values.shape[1] < 2:
        return 0.0
    p = shares(values.astype("float64"))
    terms = -p * np.log(np.where(p > 0, p, 1))
    return float(np.abs(terms.sum(1)).mean() / np.log(values.shape[1]))


def variation(values):
    """How much the coefficients differ from input to input: their standard deviation over their mean.

    >>> variation(np.array([[1.0, 0.0], [0.0, 1.0]])), variation(np.array([[0.7, 0.3], [0.7, 0.3]]))
    (1.0, 0.0)
    """
    values = values.astype("float64")
    mean = np.abs(values).mean()
    return float(np.sqrt(values.var(0).mean()) / mean) if mean else 0.0


def columns(choices):
    """`{name: number}` for the choices `{kind: values}` of one layer."""
    found = {}
    for kind, values in choices.items():
        if kind in ("kernel", "region"):
            word = "use" if kind == "kernel" else "region"
            found.update({f"{word}_{i}": float(value) for i, value in enumerate(use(values))})
            found["entropy"] = entropy(values)
        else:
            found[kind] = float(values.mean())
    found["variation"] = max(map(variation, choices.values()))
    return found
