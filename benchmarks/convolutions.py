"""Print the README's table of convolutions: a row for each variant, made from docstrings and from what the harness found.

python -m benchmarks.convolutions             # print the table of what is recorded
python -m benchmarks.convolutions --record    # first run the checks of every class that has no record, or of --all
python -m benchmarks.convolutions --write     # also put the table into README.md

Variant, paper and cost are read in the class's docstring ("Reference:", "Cost"); a class folds if it has `fold`. What a run
finds is kept in `CONVOLUTIONS.json`: whether the kernel depends on the input, and how the checks "tflite" and "xla" ended.
"""

import argparse
import inspect
import json
import pathlib
import re

import keras
import numpy as np

from benchmarks.keras_convolutions import KERAS
from tfdynconv import blocks, layers
from tfdynconv.testing import ALL_BLOCKS, ALL_LAYERS, LayerCase, run_check
from tfdynconv.testing.temperature import set_temperature

RECORDS = pathlib.Path(__file__).parent / "CONVOLUTIONS.json"
MARKS = ("<!-- convolutions -->", "<!-- end of convolutions -->")
HEADER = ("convolution", "class", "kernel", "folds", "multiply-adds", "`.tflite`", "XLA")
CHECKS = ("tflite", "xla")
DYNET = [
    LayerCase(blocks.DyMobileBlock, {"filters": 12, "group_size": 2}, (7, 6, 12)),
    LayerCase(blocks.DyResNetBlock, {"filters": 12, "group_size": 2}, (7, 6, 12)),
    LayerCase(blocks.DyShuffleBlock, {"filters": 12, "group_size": 2}, (7, 6, 12)),
]
CASES = {str(case): case for case in [*ALL_LAYERS, *ALL_BLOCKS, *DYNET]} | {
    line: row.case() for line, row in KERAS.items()
}


def is_static(case):
    """Twice the input gives twice the output. A kernel that depends on the input would change too.

    Measured without what shifts the outputs: biases are 0, and a new normalisation has neither mean nor offset.
    """
    layer, x = case.made(), case.inputs(4)
    set_temperature(layer, 1.0)  # a high one hides that coefficients change
    for weight in layer.weights:
        if re.search(r"(bias|biases|beta)(:0)?$", weight.name):
            weight.assign(np.zeros(weight.shape))
    outputs, doubled = [np.asarray(layer(values)) for values in (x, 2 * x)]
    return bool(np.abs(doubled - 2 * outputs).max() <= 1e-3 * np.abs(outputs).max())


def status(case, check):
    """ "yes", or "no" with the reason: the one that the case declares, or what the check says."""
    try:
        run_check(case, check)
    except (AssertionError, TypeError, ValueError, NotImplementedError) as error:
        own = re.sub(r"\x1b\[\d+m|^Exception encountered when calling .*\n+", "", str(error))  # what Keras adds
        return f"no: {own.splitlines()[0]}"
    return f"no: {case.exceptions[check]}" if check in case.exceptions else "yes"


def record(case):
    kernel = "static" if is_static(case) else "dynamic"
    return {"kernel": kernel, **{check: status(case, check) for check in CHECKS}}


def records():
    return json.loads(RECORDS.read_text(encoding="utf-8")) if RECORDS.exists() else {}


def run_checks(names):
    """Record these, one after the other, each as soon as it is known; what no longer exists is dropped."""
    found = {name: value for name, value in records().items() if name in CASES}
    for name in names:
        found[name] = record(CASES[name])
        print(name, found[name], flush=True)
        RECORDS.write_text(json.dumps(dict(sorted(found.items())), indent=1) + "\n", encoding="utf-8")
        keras.backend.clear_session()


def paragraph(cls, word):
    """The docstring's paragraph that begins with this word, in one line; "" where there is none."""
    found = re.search(rf"^({word}.*?)(?:\n\n|\Z)", inspect.getdoc(cls), re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split()) if found else ""


def title(cls):
    """The variant's name, with a link to its paper: `Reference: Yang et al., CondConv, arXiv 1904.04971` tells both."""
    text = paragraph(cls, "Reference:").removeprefix("Reference: ")
    if not text:
        return f"{re.sub('[123]D$', '', cls.__name__)}, of no paper"
    parts = re.split(r"[,;] ", text)
    authors = next((i for i, part in enumerate(parts) if re.search(r"et al\.?$| and ", part)), 0)
    name = parts[authors + 1] if len(parts) > authors + 1 else parts[0]
    number = re.search(r"arXiv:? ?(\d{4}\.\d{4,5})", text)
    return f"[{name}](https://arxiv.org/abs/{number[1]})" if number else name.rstrip(".")


def cost(cls):
    """The formula of the multiply-adds, and the symbols that come before the colon; P stands for `height' width'`."""
    symbols, _, text = paragraph(cls, "Cost").partition(":")
    symbols = symbols.removeprefix("Cost").removeprefix(" of the block as it trains").strip(", ")
    end = r"(?:`[^`]*`|[^`.;])*"  # of the sentence
    found = re.search(rf"(`[^`]+`) multiply-adds({end})|multiply-adds:? (?:are )?(`[^`]+`{end})", text)
    formula = "".join(filter(None, found.groups())) if found else text.strip().rstrip(".")
    cell = f"{formula}; {symbols}" if symbols and found else formula
    return cell.replace("height' width'", "P").replace("|", "\\|")


def one(values):
    """What all classes of a row have; each once where they differ."""
    return ", ".join(dict.fromkeys(values))


def row(variant, classes, cost, folds, found):
    return [variant, classes, one(r["kernel"] for r in found), folds, cost, *(one(r[c] for r in found) for c in CHECKS)]


def rows(found):
    """Classes of one variant, layers or blocks, stand in one row; what Keras has comes last."""
    for package in (layers, blocks):
        variants = {}
        for name in package.__all__:
            cls = getattr(package, name)
            variants.setdefault(title(cls), []).append(cls)
        for variant, classes in variants.items():
            own = [cls for cls in classes if not paragraph(cls, "Cost").startswith("Cost: as ")]
            names = ", ".join(f"`{cls.__name__}`" for cls in classes)
            folds = one("yes" if hasattr(cls, "fold") else "no" for cls in classes)
            yield row(variant, names, cost(own[0]), folds, [found[cls.__name__] for cls in classes])
    for line, entry in KERAS.items():
        yield row(entry.title, f"`{line}`", entry.cost, "no", [found[line]])


def table(found):
    cells = [HEADER, ["---"] * len(HEADER), *rows(found)]
    return (
        "\n".join("| " + " | ".join(row) + " |" for row in cells).replace("| --- |", "|---|").replace(" --- |", "---|")
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true", help="run the checks of what has no record")
    parser.add_argument("--all", action="store_true", help="with --record: of everything")
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    options = parser.parse_args()
    if options.record:
        run_checks([name for name in CASES if options.all or name not in records()])
    text = table(records())
    print(text)
    if options.write:
        from benchmarks.__main__ import write

        write(text, MARKS)


if __name__ == "__main__":
    main()
