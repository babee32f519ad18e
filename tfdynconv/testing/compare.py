"""How the harness says that something is wrong."""

import numpy as np

# Of the largest gradient: what rounding leaves of one that is zero, as that of a bias under a batch normalisation.
NOISE = 1e-5


def fail(case, message):
    raise AssertionError(f"{case}: {message}")


def expect(condition, case, message):
    if not condition:
        fail(case, message)


def expect_close(actual, desired, case, what, tolerance=1e-4, noise=0.0):
    """Shapes equal, values finite, and no difference above `tolerance` times the largest desired value, or above `noise`."""
    actual, desired = np.asarray(actual, "float64"), np.asarray(desired, "float64")
    expect(actual.shape == desired.shape, case, f"{what}: expected shape {desired.shape}. Received: {actual.shape}.")
    expect(np.isfinite(actual).all(), case, f"{what}: some values are not finite.")
    scale = np.abs(desired).max() if desired.size else 0.0
    error = np.abs(actual - desired).max() if desired.size else 0.0
    expect(
        error <= max(tolerance * scale, noise),
        case,
        f"{what}: the largest difference is {error:.3g}, where values reach {scale:.3g} (allowed: {tolerance:g} of that).",
    )
