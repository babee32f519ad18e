"""A case for a block: it has no bank of kernels, so the checks of one do not concern it."""

from tfdynconv.testing.case import LayerCase

NO_BANK = "it has no bank of kernels whose coefficients could stand still"


def block(layer, arguments, input_shape, variants=(), static=None, compared_in="float32", **exceptions):
    """A `LayerCase`.

    Args:
        static: why the block does not depend on its input beyond being linear in it, for one that does not.
        compared_in: as in `LayerCase`.
        exceptions: further checks that it cannot pass, with the reason.
    """
    exceptions = {**dict.fromkeys(("one_kernel", "equal_kernels", "one_hot"), NO_BANK), **exceptions}
    if static:
        exceptions["batch_of_one"] = static
    return LayerCase(
        layer, arguments, input_shape, tuple(variants), None, None, exceptions=exceptions, compared_in=compared_in
    )
