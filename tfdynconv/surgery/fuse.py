"""Every layer of a trained model that folds, folded."""

import dataclasses

from tfdynconv.surgery.compare import check_same, differences, tolerance_of
from tfdynconv.surgery.fuse_plan import Plan, named
from tfdynconv.surgery.graph import check_model
from tfdynconv.surgery.rebuild import rebuild


@dataclasses.dataclass(frozen=True)
class FuseReport:
    """What `fuse` did.

    Attributes:
        folded: `[(what it was, what it is)]`.
        kept: `[(layer, reason)]`, what could have folded elsewhere.
        difference: `{"random": d}`, and `"data"` where data were given: the largest difference of an output, over its
            largest value.
        parameters: (before, after).
    """

    folded: list
    kept: list
    difference: dict
    parameters: tuple

    def __str__(self):
        before, after = self.parameters
        lines = [f"fuse: {len(self.folded)} folded, {len(self.kept)} kept; {before:,} parameters, now {after:,}"]
        lines += [f"  {old} -> {new}" for old, new in self.folded]
        lines += [f"  kept {layer}: {reason}" for layer, reason in self.kept]
        differences = ", ".join(f"{value:.1e} on {name} inputs" for name, value in self.difference.items())
        return "\n".join([*lines, f"  outputs differ by {differences}"])


def fuse(model, data=None, tolerance=None, report=False, print_fn=print):
    """A new model that computes the same with fewer layers: for a phone, a server, wherever training is over.

    - A layer with a `fold()` method, as `VersatileConv2D` and the blocks that train several branches and run as one, becomes
      what that returns: a plain convolution.
    - A convolution, transposed, depthwise, separable or dense layer and the `BatchNormalization` behind it become one layer:
      `K s` and `b s + t` with `s = gamma / sqrt(variance + epsilon)`, `t = beta - s mean`.
    - So do a dynamic convolution and its normalisation: s goes into every kernel of the bank, t into a bias that is the
      same for every sample, since coefficients need not sum to 1.

    What cannot fold stays and is named with the reason. All else is copied: names, weights, shared layers, the models inside,
    inputs and outputs, dtypes, regularizers, what is trainable. The original model is untouched; the new one is not
    compiled. Fusing again changes nothing. Training goes on without the normalisation, so fuse when it is over.

    Args:
        model: a built Sequential or functional `keras.Model`.
        data: inputs to compare the outputs on, beside random ones: an array, or arrays nested as the model's inputs.
        tolerance: the largest difference of an output that is allowed, over its largest value; None for 1e-3, 0.02 with
            float16 layers, 0.1 with bfloat16.
        report: also return a report.
        print_fn: called with the report; `print`, or a logger's method.

    Returns:
        The new model, or `(model, report)`: a `FuseReport`.

    Raises:
        ValueError: a subclassed or unbuilt model; a layer that cannot be made from its config; outputs that differ.

    >>> import keras
    >>> layers = [keras.layers.Conv2D(4, 3, use_bias=False, name="conv"), keras.layers.BatchNormalization(name="norm")]
    >>> model = keras.Sequential([keras.Input([8, 8, 3]), *layers, keras.layers.ReLU(name="relu")])
    >>> fused, report = fuse(model, report=True, print_fn=lambda text: None)
    >>> [layer.name for layer in fused.layers], report.folded
    (['conv', 'relu'], [("Conv2D 'conv' + BatchNormalization 'norm'", "Conv2D 'conv'")])
    """
    check_model(model, "fuse")
    plan = Plan(model)
    replacements = plan.replacements()
    new = rebuild(model, replacements)
    found = FuseReport(
        [(before(fold), " + ".join(map(named, replacements[id(fold.layer)].layers))) for fold in plan.folds.values()],
        [(named(layer), reason) for layer, reason in plan.kept],
        differences(model, new, data),
        (model.count_params(), new.count_params()),
    )
    print_fn(str(found))
    check_same(found.difference, tolerance_of(model) if tolerance is None else tolerance, "fuse")
    return (new, found) if report else new


def before(fold):
    return " + ".join(named(layer) for layer in (fold.layer, fold.norm) if layer is not None)
