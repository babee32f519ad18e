"""How much binary masks have in common."""

import numpy as np


def overlaps(masks):
    """`[masks, masks]`: for each two the entries that both keep over those that one keeps; 1 where both keep none.

    >>> overlaps(np.array([[1, 1, 0, 0], [0, 1, 1, 0]], bool)).round(3).tolist()
    [[1.0, 0.333], [0.333, 1.0]]
    """
    flat = masks.reshape(len(masks), -1).astype("float64")
    both = flat @ flat.T
    kept = np.diag(both)
    one = kept[:, None] + kept - both
    return np.where(one > 0, both / np.where(one > 0, one, 1), 1.0)


def mean_overlap(masks):
    """That of two different masks, on average; 0 of a single one."""
    table, count = overlaps(masks), len(masks)
    return float((table.sum() - np.trace(table)) / (count * (count - 1))) if count > 1 else 0.0
