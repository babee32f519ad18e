"""The record as Markdown: what was found in words, and a table for each set."""

import math
import statistics

from scipy import stats

from benchmarks.accuracy.match import MEASURES

MARKS = ("<!-- accuracy -->", "<!-- end of accuracy -->")
HEADER = [
    "network",
    "parameters",
    "multiply-adds",
    "seeds",
    "accuracy, %",
    *(f"over plain of as many {m}" for m in MEASURES),
]
PAIRS = ["network", *(f"plain network of as many {m} (its, and how far off)" for m in MEASURES)]


def interval(values):
    """Half of the 95 % interval of the mean, Student's; infinite for one value."""
    if len(values) < 2:
        return math.inf
    return stats.t.ppf(0.975, len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))


def verdict(values):
    mean, half = statistics.mean(values), interval(values)
    return "better" if mean > half else "worse" if mean < -half else "neither"


def spread(values):
    return statistics.stdev(values) if len(values) > 1 else 0.0


def difference(values):
    """In points, with the standard deviation of the paired differences and the seeds that gain; bold beyond chance."""
    if not values:
        return ""
    text = f"{statistics.mean(values):+.2f} ± {spread(values):.2f}"
    text = text if verdict(values) == "neither" else f"**{text}**"
    return f"{text}, {sum(v > 0 for v in values)} of {len(values)}"


def markdown(rows):
    header, *rest = rows
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, *rest]).replace(
        "\n", "\n|" + "---|" * len(header) + "\n", 1
    )


def results(record, name):
    yield HEADER
    pairs = record.pairs[name]
    for network, (parameters, multiply_adds) in sorted(
        record.networks[name].items(), key=lambda item: item[0] not in pairs
    ):
        values = [100 * value for value in record.accuracies.get((name, network), {}).values()]
        if not values:
            continue
        gains = [difference(record.differences(name, network, m)) if network in pairs else "" for m in MEASURES]
        accuracy = f"{statistics.mean(values):.2f} ± {spread(values):.2f}"
        yield [network, f"{parameters:,}", f"{multiply_adds:,}", str(len(values)), accuracy, *gains]


def partners(record, name):
    yield PAIRS
    costs = record.networks[name]
    for variant, pair in record.pairs[name].items():
        cells = []
        for i, measure in enumerate(MEASURES):
            cost = costs[pair[measure]][i]
            cells.append(f"{pair[measure]} ({cost:,}, {100 * (cost / costs[variant][i] - 1):+.1f} %)")
        yield [variant, *cells]


def found(record, name, measure):
    """A sentence: which variants gain, which lose, and of how many nothing can be said."""
    groups = {"better": [], "worse": [], "neither": []}
    for variant in record.pairs[name]:
        values = record.differences(name, variant, measure)
        if len(values) > 1:
            groups[verdict(values)].append(variant)
    total = sum(map(len, groups.values()))
    parts = [
        f"{len(groups[key])} {key}" + (f" ({'; '.join(groups[key])})" if groups[key] else "")
        for key in ("better", "worse")
    ]
    return f"- {name}, as many {measure}: of {total} variants {parts[0]}, {parts[1]}, {len(groups['neither'])} within chance."


def body(record):
    """What stands between the marks."""
    lines = [found(record, name, measure) for name in record.networks for measure in MEASURES]
    for name in record.networks:
        tables = [markdown(list(rows(record, name))) for rows in (results, partners)]
        lines += [f"\n## {name.capitalize()}", *(f"\n{text}" for text in tables)]
    return "\n".join(lines)


def page(record, before=""):
    """The page with its part between the marks made anew; `before` is the page as it was."""
    head, tail = "# Accuracy\n\n", "\n"
    if all(mark in before for mark in MARKS):
        head, tail = before.split(MARKS[0])[0], before.split(MARKS[1])[1]
    return f"{head}{MARKS[0]}\n{body(record)}\n{MARKS[1]}{tail}"
