"""Every layer on scikit-learn's digits, beside the static layer in the same network.

python -m benchmarks.digits                      # 3 seeds, 5 folds, 3 precisions, an hour; writes benchmarks/DIGITS.md
python -m benchmarks.digits --layers ODConv2D --seeds 1 --folds 1 --policies float32 --output /dev/null
"""

import argparse
import json
import os
import pathlib
import statistics

from benchmarks.digits.network import layers, static_network
from benchmarks.digits.sweep import sweep
from benchmarks.digits.training import BATCH, EPOCHS

POLICIES = ("float32", "mixed_bfloat16", "mixed_float16")
HEADER = "| layer | policy | accuracy | difference from the static layer | from float32 |\n|---|---|---|---|---|\n"


def table(done, names, policies):
    text = HEADER
    for name in names:
        static = done.get((static_network(name), "float32"))
        plain = done.get((name, "float32"))
        for policy in policies:
            if (name, policy) not in done or not static:
                continue
            own = done[name, policy]
            mean, spread = statistics.mean(own), statistics.stdev(own) if len(own) > 1 else 0.0
            from_plain = f"{100 * (mean - statistics.mean(plain)):+.2f}" if plain and policy != "float32" else ""
            text += f"| {name} | {policy} | {100 * mean:.2f} ± {100 * spread:.2f} % "
            text += f"| {100 * (mean - statistics.mean(static)):+.2f} | {from_plain} |\n"
    return text


class Kept:
    """Accuracies in a file beside the table, so that a sweep that was stopped goes on where it was."""

    def __init__(self, path, settings):
        self.path, self.settings = path, settings

    def read(self):
        kept = json.loads(self.path.read_text()) if self.path.exists() else {}
        rows = kept.get("rows", []) if kept.get("settings") == self.settings else []
        return {(name, policy): accuracies for name, policy, accuracies in rows}

    def write(self, done):
        rows = [[*key, accuracies] for key, accuracies in sorted(done.items())]
        self.path.write_text(json.dumps({"settings": self.settings, "rows": rows}, indent=0))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--policies", nargs="*", default=POLICIES, choices=POLICIES)
    parser.add_argument("--layers", nargs="*", default=list(layers()), choices=list(layers()), metavar="NAME")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path(__file__).parent.parent / "DIGITS.md")
    options = parser.parse_args()
    title = (
        f"# Digits\n\n`make digits`: {options.seeds} seeds, {options.folds} of 5 folds, {EPOCHS} epochs of 30 steps; ± is the "
        "standard deviation over seeds; differences in points, the static layer in float32.\n\n"
    )
    kept = Kept(options.output.with_suffix(".json"), [options.seeds, options.folds, EPOCHS, BATCH])
    known = done = kept.read()
    for done in sweep(options.layers, options.policies, options.seeds, options.folds, options.jobs, known):
        kept.write(done)
    text = title + table(done, options.layers, options.policies)
    options.output.write_text(text)
    kept.path.unlink(missing_ok=True)  # the next sweep starts anew: the layers may have changed
    print("\n" + text)


if __name__ == "__main__":
    main()
