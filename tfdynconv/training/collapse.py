"""Whether routing has collapsed, in words that name the layer and the mend."""

import numpy as np

from tfdynconv.training import routing_statistics as statistics

ALONE = 0.99  # the share of one kernel, or of one region, that leaves nothing to the others
STILL = 0.001  # coefficients that vary less than this, relative to their mean, are the same for every input


def collapse(label, choices, temperature=None):
    """What is wrong with one layer's routing and how to mend it, or None.

    Args:
        label: how to call the layer.
        choices: `{kind: values}` for several inputs.
        temperature: that of its routing, if it has one.
    """
    for kind in ("kernel", "region"):
        if kind in choices and choices[kind].shape[1] > 1:
            share = statistics.use(statistics.shares(choices[kind]))
            if share.max() >= ALONE:
                return f"{label} has collapsed: {kind} {share.argmax()} {taken(kind, share.max())}. {mend(kind, temperature)}"
    varied = {
        kind: values for kind, values in choices.items() if values.shape[1] > 1 or kind not in ("kernel", "region")
    }
    if varied and max(map(statistics.variation, varied.values())) < STILL:
        chosen = "shares of the regions" if "region" in choices else "coefficients"
        return f"{label} has collapsed: its {chosen} are the same for every input. {waking(choices, temperature)}"
    return None


def taken(kind, share):
    number = f"{100 * np.floor(share * 1000) / 1000:.1f} %"
    return f"has {number} of all pixels" if kind == "region" else f"carries {number} of the coefficients of every input"


def mend(kind, temperature):
    if kind == "region":
        return (
            "Mend: normalise the layer's inputs, lower the learning rate, or start again with fewer `num_regions`; if one "
            "region does as well, Conv2D is cheaper."
        )
    if temperature is not None:
        return (
            "Mend: train again with tfdynconv.training.TemperatureSchedule(start=30.0) over more epochs, so that every kernel "
            "learns before one is chosen, or with a higher `end` or a lower learning rate."
        )
    return "Mend: lower the learning rate, normalise the layer's inputs, or make the layer with fewer kernels."


def waking(choices, temperature):
    if temperature is not None and temperature > 1:
        return (
            f"Mend: its temperature stands at {temperature:g}, which makes coefficients alike: add "
            "tfdynconv.training.TemperatureSchedule() to the callbacks."
        )
    if "region" in choices:
        return mend("region", temperature)
    return (
        "Mend: look whether its inputs differ (a dead relu, a missing normalisation before it), raise the learning rate, or "
        "use Conv2D here, which computes the same for less."
    )
