"""Plain networks that cost what a dynamic one costs: as many parameters, or as many multiply-adds."""

from benchmarks.accuracy.sets import SETS
from benchmarks.accuracy.variants import CLASSES, DYNAMIC, STEM, Variant, network, plain
from tfdynconv import models

WITHIN = 0.03  # of the costs that are called equal
MEASURES = ("parameters", "multiply-adds")


def plain_cost(shape, strides, first, second):
    """What `models.cost` says of the plain network of these widths, without building it."""
    cells = -(-shape[0] // strides) * -(-shape[1] // strides)
    kernels = [9 * shape[2] * STEM, 9 * STEM * first, 9 * first * second, second * CLASSES]
    parameters = sum(kernels) + STEM + 2 * first + 2 * second + CLASSES
    return parameters, kernels[0] * cells + kernels[1] * cells + kernels[2] * (cells // 4) + kernels[3]


def search(costs, goal, known):
    """The widths that cost `goal`: some that are used already if they do, otherwise the most equal ones."""
    off = {widths: abs(cost - goal) / goal for widths, cost in costs.items()}
    used = [widths for widths in known if off[widths] <= WITHIN]
    if used:
        return min(used, key=off.get)
    near = [widths for widths in costs if off[widths] <= WITHIN]
    if not near:
        raise ValueError(
            f"benchmarks.accuracy: no plain network costs within {WITHIN:.0%} of {goal}. Widen the search."
        )
    return min(near, key=lambda widths: (abs(widths[1] - widths[0]), off[widths]))


def label(widths):
    return "Conv2D, {} and {} filters".format(*widths)


def matched(name, dynamic=DYNAMIC):
    """For a set: `{network: (parameters, multiply-adds)}`, and for each variant the plain networks it is compared with, as
    `{variant: {measure: network}}`."""
    chosen = SETS[name]
    every = [(a, b) for a in range(2, 97) for b in range(a, 3 * a + 1)]
    found = {widths: plain_cost(chosen.shape, chosen.strides, *widths) for widths in every}
    costs, pairs, known = {}, {}, []
    for variant_name, variant in dynamic.items():
        costs[variant_name] = models.cost(network(chosen, variant))
        pairs[variant_name] = {}
        for i, measure in enumerate(MEASURES):
            widths = search({w: c[i] for w, c in found.items()}, costs[variant_name][i], known)
            known.append(widths)
            costs[label(widths)] = found[widths]
            pairs[variant_name][measure] = label(widths)
    return costs, pairs


def of(name):
    """The variant, or the plain network, of this name."""
    if name in DYNAMIC:
        return DYNAMIC[name]
    first, second = (int(word) for word in name.split() if word.isdigit())
    return Variant(plain, (first, second))
