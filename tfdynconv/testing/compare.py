"""How the harness says that something is wrong."""

import numpy as np


def fail(case, message):
    raise AssertionError(f"{case}: {message}")


def expect(condition, case, message):
    if not condition:
        fail(case, message)


def expect_close(actual, desired, case, what, tolerance=1e-4):
    """Shapes equal, values finite, and no difference above `tolerance` times the largest desired value."""
    actual, desired = np.asarray(actual, "float64"), np.asarray(desired, "float64")
    expect(actual.shape == desired.shape, case, f"{what}: expected shape {desired.shape}. Received: {actual.shape}.")
    expect(np.isfinite(actual).all(), case, f"{what}: some values are not finite.")
    scale = np.abs(desired).max() if desired.size else 0.0
    error = np.abs(actual - desired).max() if desired.size else 0.0
    expect(
        error <= tolerance * scale,
        case,
        f"{what}: the largest difference is {error:.3g}, where values reach {scale:.3g} (allowed: {tolerance:g} of that).",
    )
