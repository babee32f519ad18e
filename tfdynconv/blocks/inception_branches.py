"""The branches of an Inception block as its users write them, and in one form."""

from tfdynconv.ops.geometry import is_int, standardize_ints


def standardize_branches(branches, label):
    """A tuple of branches; a branch is a tuple of steps, a step a tuple of pairs (filters, (height, width)).

    >>> standardize_branches([[(8, 1), [(4, (1, 3)), (4, (3, 1))]]], "it")
    ((((8, (1, 1)),), ((4, (1, 3)), (4, (3, 1)))),)
    """
    if not is_list(branches) or not branches or not all(is_list(branch) and branch for branch in branches):
        raise ValueError(
            f"{label}: `branches` must be a list with a list of convolutions for each branch. Received: {branches!r}. "
            "An example: [[(64, 1)], [(96, 1), (128, 3)]]."
        )
    found = tuple(tuple(step(entry, label) for entry in branch) for branch in branches)
    for branch in found:
        if any(len(inner) > 1 for inner in branch[:-1]):
            raise ValueError(
                f"{label}: only the last step of a branch may be several convolutions side by side. Received: {branch}."
            )
    return found


def is_list(value):
    return isinstance(value, (list, tuple))


def step(entry, label):
    if is_list(entry) and entry and all(is_list(pair) for pair in entry):
        return tuple(convolution(pair, label) for pair in entry)
    return (convolution(entry, label),)


def convolution(pair, label):
    if not is_list(pair) or len(pair) != 2 or not is_int(pair[0]) or pair[0] < 1:
        raise ValueError(
            f"{label}: a convolution in `branches` must be a pair (filters, kernel_size), filters a positive int. Received: "
            f"{pair!r}."
        )
    size = standardize_ints(pair[1], 2, "kernel_size", label)
    if not all(n % 2 for n in size):
        raise ValueError(f"{label}: kernels in `branches` must be odd, to share one centre. Received: {pair!r}.")
    return int(pair[0]), size
