"""A trained static model becomes a dynamic one that computes the same, and can be trained on."""

import dataclasses
import typing

import numpy as np

from tfdynconv.layers.cost import multiply_adds
from tfdynconv.surgery.choose import choose
from tfdynconv.surgery.compare import check_same, differences, tolerance_of
from tfdynconv.surgery.dynamic_layer import fill
from tfdynconv.surgery.families import check_arguments, family_of
from tfdynconv.surgery.graph import check_model
from tfdynconv.surgery.rebuild import Made, Replacement


@dataclasses.dataclass(frozen=True)
class Row:
    """One layer: its name, what it was and is; why it was left; parameters and multiply-adds (before, after)."""

    name: str
    before: str
    after: str
    reason: typing.Optional[str]
    parameters: tuple
    multiply_adds: tuple

    def __str__(self):
        if self.reason:
            return f"  left {self.before} {self.name!r}: {self.reason}"
        parameters, adds = (f"{counted(a)} -> {counted(b)}" for a, b in (self.parameters, self.multiply_adds))
        return f"  {self.name}: {self.before} -> {self.after}, parameters {parameters}, multiply-adds {adds}"


@dataclasses.dataclass(frozen=True)
class DynamicReport:
    """What `to_dynamic` did.

    Attributes:
        rows: a `Row` for each convolution and dense layer of the model, in the order in which they run.
        parameters, multiply_adds: of the model, (before, after); multiply-adds are those of the rows' layers for one sample,
            None where sizes are unknown.
        difference: as in `FuseReport`.
    """

    rows: list
    parameters: tuple
    multiply_adds: tuple
    difference: dict

    def __str__(self):
        replaced = [row for row in self.rows if not row.reason]
        parameters, adds = (" -> ".join(map(counted, pair)) for pair in (self.parameters, self.multiply_adds))
        head = f"to_dynamic: {len(replaced)} of {len(self.rows)} layers; parameters {parameters}, multiply-adds {adds}"
        difference = ", ".join(f"{value:.1e} on {name} inputs" for name, value in self.difference.items())
        return "\n".join([head, *map(str, self.rows), f"  outputs differ by {difference}"])


def counted(number):
    return "unknown" if number is None else f"{number:,}"


def to_dynamic(
    model,
    layer="DynamicConv2D",
    where=None,
    data=None,
    tolerance=None,
    report=False,
    perturbation=0.5,
    seed=0,
    print_fn=print,
    **layer_arguments,
):
    """A new model in which convolutions are dynamic, with the outputs of the trained one: nothing jumps, train on from there.

    The trained kernel goes into every kernel of the bank, plus deviations that sum to zero, and the routing's last layer is
    zero, so that the coefficients are constant at first and the mixture is the trained kernel: sigmoid banks are divided by
    the sum of their coefficients, ODConv's gates by what they multiply with; DRConv's regions all have the same kernel. The
    gradients differ from kernel to kernel, so training tells them apart. All arguments of the old layers are kept, strides,
    dilation, groups, padding, activation, regularizers, constraints, name, trainable, dtype; all other layers, weights and
    flags too, shared layers, the models inside, inputs and outputs. The original model is untouched, the new one is not
    compiled. A kernel's regularizer now counts for each kernel of the bank: lower it before if its loss must not jump.

    Args:
        model: a built Sequential or functional `keras.Model`.
        layer: a dynamic layer, or its name; its relatives take the place of other kinds: with `"CondConv2D"` a `Dense`
            becomes `CondDense`, a `DepthwiseConv2D` `DepthwiseCondConv2D`. Families: CondConv, DynamicConv, MixtureConv,
            DyNet, ODConv, DRConv (`generator="basis"` unless told otherwise) and, with `combine="sum"` or 1x1 kernels,
            `VersatileConv2D`.
        where: which layers: a function from a layer to a bool, asked for each convolution and dense layer; None for every
            convolution but the first, as the papers do.
        data, tolerance, report, print_fn: as in `fuse`.
        perturbation: size of the deviations, as a share of the standard deviation of each trained kernel. The larger, the
            sooner training tells the kernels apart.
        seed: of the deviations.
        **layer_arguments: for the dynamic layers, `num_kernels=4`; each takes those that it knows. A routing is copied. Where
            there is a temperature it is 1 unless given: a high one keeps coefficients equal at first, as they are anyway.

    Returns:
        The new model, or `(model, report)`: a `DynamicReport`, layer by layer.

    Raises:
        ValueError: a subclassed or unbuilt model; a layer picked by `where` that cannot become dynamic; unknown arguments;
            outputs that differ.

    >>> import keras
    >>> layers = [keras.layers.Conv2D(4, 3, name="stem"), keras.layers.Conv2D(8, 3, name="conv", activation="relu")]
    >>> model = keras.Sequential([keras.Input([8, 8, 3]), *layers])
    >>> dynamic = to_dynamic(model, num_kernels=2)  # doctest: +ELLIPSIS
    to_dynamic: 1 of 2 layers; parameters 408 -> 7..., multiply-adds 8,496 -> 9...
      left Conv2D 'stem': the first convolution, which the papers leave static
      conv: Conv2D -> DynamicConv2D, parameters 296 -> 6..., multiply-adds 4,608 -> 5...
      outputs differ by ... on random inputs
    >>> [type(layer).__name__ for layer in dynamic.layers]
    ['Conv2D', 'DynamicConv2D']
    """
    check_model(model, "to_dynamic")
    table = family_of(layer)
    check_arguments(table, layer_arguments)
    pairs, left = choose(model, table, where, layer_arguments)
    random = np.random.default_rng(seed)

    def replacement(old, new):
        return Replacement([new], lambda: fill(old, new, perturbation, random))

    made = Made({id(old): replacement(old, new) for old, new in pairs})
    new_model = made.model(model)
    reasons = {id(old): reason for old, reason in left}
    rows = rows_of(made.runs(model), {**reasons, **{id(old): None for old, _ in pairs}})
    found = DynamicReport(
        rows,
        (model.count_params(), new_model.count_params()),
        tuple(map(total, zip(*(row.multiply_adds for row in rows)))) or (0, 0),
        differences(model, new_model, data),
    )
    print_fn(str(found))
    check_same(found.difference, tolerance_of(model) if tolerance is None else tolerance, "to_dynamic")
    return (new_model, found) if report else new_model


def rows_of(runs, reasons):
    """A row for each layer with a reason to be named, None for those that were replaced."""
    found = {}
    for old, (new, *_), shape in runs:
        if id(old) in reasons:
            adds = (multiply_adds(old, shape), multiply_adds(new, shape))
            found.setdefault(id(old), (old, new, []))[2].append(adds)
    return [
        Row(
            old.name,
            type(old).__name__,
            type(new).__name__,
            reasons[key],
            (old.count_params(), new.count_params()),
            tuple(map(total, zip(*adds))),
        )
        for key, (old, new, adds) in found.items()
    ]


def total(numbers):
    return None if None in numbers else sum(numbers)
