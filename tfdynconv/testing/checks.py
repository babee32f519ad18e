"""All checks of a layer by name, and the way to run them."""

from tfdynconv.testing.compare import fail
from tfdynconv.testing.degeneration import check_equal_kernels, check_one_hot, check_one_kernel
from tfdynconv.testing.execution import check_graph, check_xla, check_xla_variants
from tfdynconv.testing.export import check_tflite
from tfdynconv.testing.independence import check_samples_independent
from tfdynconv.testing.serialization import check_config, check_fresh_process, check_keras_file
from tfdynconv.testing.shapes import check_build, check_channels_first, check_output_shape, check_unknown_sizes
from tfdynconv.testing.temperature import check_temperature
from tfdynconv.testing.training import (
    check_batch_of_one,
    check_mixed_precision,
    check_partial_batch,
    check_weights_learn,
)

CHECKS = {
    "config": check_config,
    "keras_file": check_keras_file,
    "build": check_build,
    "output_shape": check_output_shape,
    "unknown_sizes": check_unknown_sizes,
    "channels_first": check_channels_first,
    "graph": check_graph,
    "xla": check_xla,
    "xla_variants": check_xla_variants,
    "temperature": check_temperature,
    "batch_of_one": check_batch_of_one,
    "partial_batch": check_partial_batch,
    "weights_learn": check_weights_learn,
    "mixed_precision": check_mixed_precision,
    "samples_independent": check_samples_independent,
    "one_kernel": check_one_kernel,
    "equal_kernels": check_equal_kernels,
    "one_hot": check_one_hot,
    "tflite": check_tflite,
}


def run_check(case, name):
    """Run one check; where the case declares an exception from it, see that the layer really cannot pass it."""
    if name not in case.exceptions:
        return CHECKS[name](case)
    try:
        CHECKS[name](case)
    except (AssertionError, TypeError, ValueError):
        return None
    return fail(
        case, f"declares an exception from {name!r} ({case.exceptions[name]}), but passes it. Remove the exception."
    )


def check_layer(case):
    """Run every check on a layer; the first that fails raises `AssertionError`.

    For a layer of your own, write down how it is made and let the harness try it:

    >>> import tfdynconv
    >>> from tfdynconv import testing
    >>> case = testing.LayerCase(tfdynconv.CondConv2D, {"filters": 4, "kernel_size": 3}, input_shape=(5, 5, 2))
    >>> testing.run_check(case, "samples_independent")

    Args:
        case: a `LayerCase`.

    Raises:
        AssertionError: names the layer, the check and the numbers that differ.
        ValueError: an exception is declared from a check that does not exist.
    """
    unknown = set(case.exceptions) - set(CHECKS)
    if unknown:
        raise ValueError(
            f"{case}: exceptions from unknown checks {sorted(unknown)}. Expected some of {sorted(CHECKS)}."
        )
    for name in CHECKS:
        run_check(case, name)
    check_fresh_process([case])
