"""`tfdynconv.summary`: a model's cost as a table."""

import tensorflow as tf

from tfdynconv.cost.calls import calls
from tfdynconv.cost.inputs import CALLER, specs_of
from tfdynconv.cost.lowerings import chosen, destinations
from tfdynconv.cost.report import Row, Summary, Total
from tfdynconv.cost.rows import Weights, by_layer, rows
from tfdynconv.ops import place as places


def summary(model, input_shape=None, progress=None):
    """What a model costs, layer by layer, and which way each dynamic layer goes here and elsewhere.

    For choosing what to make dynamic, and for the paper's table. Takes every model that can be called: Sequential, functional,
    nested, with shared layers, and subclassed ones. It is traced for each place without being run; weights stay as they are.
    Multiply-adds are those of `CondConv2D.cost`: convolutions, dense layers, mixing and routing, of one sample; no pooling,
    biases, activations and normalisations. A layer with weights of which nothing is known (an LSTM, one of your own without
    `cost(input_shape)`) is listed as not counted, and the totals are those of the others.

    The static twin has a convolution or dense layer of Keras in the place of every dynamic one; what routing and mixing cost
    is the difference to it.

    Args:
        model: a `keras.Model` that is built.
        input_shape: the batch first, None for any: `(None, 224, 224, 3)`; for several inputs a list or dict of shapes as the
            model takes them. Needed where the model leaves sizes open, and for a subclassed one that was never called.
        progress: a function that is told what is being done, a string, or None.

    Returns:
        A `Summary`: `print` gives a table, `markdown()` one for a page, `as_dict()` what JSON can hold.

    Raises:
        ValueError: no built Keras model, sizes that are not known, an `input_shape` that the model cannot be called with.

    Cost: six traces of the model; a second for a small one, half a minute for a ResNet-101.

    >>> import keras, tfdynconv
    >>> model = keras.Sequential([keras.Input([8, 8, 3]), tfdynconv.CondConv2D(4, 3, num_experts=2, name="conv")])
    >>> found = tfdynconv.summary(model)
    >>> row = found.rows[0]
    >>> row.parameters, row.multiply_adds, row.overhead, row.lowerings["phone"]
    (232, 4110, 222, 'matmul')
    >>> found.total.parameters, found.twin.parameters
    (232, 112)
    """
    specs = specs_of(model, input_shape)
    tell = progress or (lambda text: None)
    device = places.compiled_place().removesuffix("_xla")
    tell("counting")
    here = traced(model, specs, device)
    counted = rows(here)
    ways = ways_of(model, specs, here, tell) if any(row.has_choices for row in counted) else {}
    made = [made_row(row, {place: found.get(id(row.layer), "") for place, found in ways.items()}) for row in counted]
    made = [row for row in made if row.parameters or row.multiply_adds != 0]
    known = [row for row in counted if row.multiply_adds is not None]
    adds, twin_adds = (sum(getattr(row, name) for row in known) for name in ("multiply_adds", "twin_multiply_adds"))
    return Summary(
        model.name,
        [tuple(spec.shape) for spec in tf.nest.flatten(specs)],
        device,
        made,
        total([row.weights for row in counted], adds, adds - twin_adds),
        total([row.twin_weights for row in counted], twin_adds, 0),
        [row.name for row in made if row.multiply_adds is None],
    )


def traced(model, specs, place, phone=None):
    try:
        return calls(model, specs, place, phone)
    except (ValueError, TypeError, RuntimeError, AttributeError, LookupError, tf.errors.OpError) as error:
        shapes = ", ".join(str(tuple(spec.shape)) for spec in tf.nest.flatten(specs))
        raise ValueError(
            f"{CALLER}: {type(model).__name__} {model.name!r} cannot be called with inputs of shape {shapes}. Give the shapes "
            f"that it takes as `input_shape`, the batch first. It said: {error}"
        ) from error


def ways_of(model, specs, here, tell):
    """`{place: {id(layer): the lowerings in words}}`, each place by a trace that is meant for it; `here` is there already."""
    found = {"here": words(here)}
    for place, (where, phone) in destinations().items():
        tell(f"tracing for {place}")
        found[place] = words(traced(model, specs, where, phone))
    return found


def words(calls):
    return {key: chosen(same) for key, same in by_layer(calls).items()}


def made_row(row, ways):
    return Row(
        row.calls[0].path,
        type(row.layer).__name__,
        len(row.calls),
        row.calls[0].output_shape,
        sum(row.weights),
        row.multiply_adds,
        None if row.multiply_adds is None else row.multiply_adds - row.twin_multiply_adds,
        ways,
        row.weights.sizes(),
    )


def total(weights, adds, overhead):
    summed = Weights(*map(sum, zip(*weights)))
    return Total(sum(summed), adds, overhead, summed.sizes())
