"""The tables of `benchmarks.peers`, and what they come to."""

from benchmarks.peer_shapes import KINDS

OURS, STATIC, TIMM, TORCH = "CondConv2D", "Conv2D", "torch timm", "torch Conv2d"
AHEAD = 0.95  # of ours: below this a formulation beats it


def report(times):
    """Markdown for `{shape: {kind: {name: milliseconds or reason}}}`."""
    times = {shape: {kind: faster_layout(found) for kind, found in kinds.items()} for shape, kinds in times.items()}
    parts = []
    for kind in KINDS:
        parts += [f"CondConv, 8 experts, {kind}:", against_timm(times, kind), timm_summary(times, kind)]
    parts += ["TensorFlow formulations, time over CondConv2D's, forward / training:", against_formulations(times)]
    return "\n\n".join([*parts, formulation_summary(times)])


def faster_layout(found):
    """Each PyTorch layer once, in the memory format that serves it better."""
    found = dict(found)
    for name in (TIMM, TORCH):
        found[name] = min(found[name], found.pop(f"{name}, channels last"))
    return found


def ratios(found):
    """(ours over Conv2D, timm's over PyTorch's Conv2d)."""
    return found[OURS] / found[STATIC], found[TIMM] / found[TORCH]


def against_timm(times, kind):
    rows = []
    for shape, kinds in times.items():
        found = kinds[kind]
        milliseconds = (f"{found[name]:.1f}" for name in (STATIC, OURS, TORCH, TIMM))
        rows.append([shape, *(f"{ratio:.2f}" for ratio in ratios(found)), *milliseconds])
    header = ["B,H,C,O,k", "ours / Conv2D", "timm / Conv2d", "Conv2D, ms", "ours, ms", "torch Conv2d, ms", "timm, ms"]
    return table(header, rows)


def timm_summary(times, kind):
    pairs = {shape: ratios(kinds[kind]) for shape, kinds in times.items()}
    above = [shape for shape, (ours, timm) in pairs.items() if ours > timm]
    slower = [shape for shape, kinds in times.items() if kinds[kind][OURS] > kinds[kind][TIMM]]
    return (
        f"Ours is at or below timm's ratio on {len(pairs) - len(above)} of {len(pairs)} shapes{listed('above', above)}, "
        f"and at or below its time on {len(pairs) - len(slower)}{listed('above', slower)}."
    )


def against_formulations(times):
    rows = []
    for shape, kinds in times.items():
        cells = (" / ".join(over_ours(kinds[kind], name) for kind in KINDS) for name in formulations(times))
        rows.append([shape, *cells])
    return table(["B,H,C,O,k", *formulations(times)], rows)


def formulations(times):
    first = next(iter(times.values()))[KINDS[0]]
    return [name for name in first if name not in (OURS, STATIC, TIMM, TORCH)]


def over_ours(found, name):
    return "none" if isinstance(found[name], str) else f"{found[name] / found[OURS]:.2f}"


def formulation_summary(times):
    ahead, none = [], {}
    for shape, kinds in times.items():
        for kind in KINDS:
            for name in formulations(times):
                value = kinds[kind][name]
                if isinstance(value, str):
                    none.setdefault(f"{name}, {kind}: {value}", []).append(shape)
                elif value < AHEAD * kinds[kind][OURS]:
                    ahead.append(f"{name} ({shape}, {kind}, {value / kinds[kind][OURS]:.2f})")
    lines = [f"Faster than ours by more than 5 %: {'; '.join(ahead) if ahead else 'none'}."]
    return "\n".join(lines + [f"None for {text} ({', '.join(shapes)})" for text, shapes in none.items()])


def listed(word, shapes):
    return f" ({word}: {'; '.join(shapes)})" if shapes else ""


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])
