"""Compile a Keras model for a TPU, with the real compiler and without a TPU."""

import contextlib
import typing

import keras
import tensorflow as tf

from tfdynconv import _compat
from tfdynconv.export.hlo import input_specs, model_hlo
from tfdynconv.export.signature import declared_inputs
from tfdynconv.export.static_twin import NoTwin, static_twin
from tfdynconv.export.tpu_compiler import compile_programs, topology_named
from tfdynconv.export.tpu_report import TpuReport
from tfdynconv.layers.walk import walk
from tfdynconv.routing import Routing

DTYPES = (None, "float32", "bfloat16")
CALLER = "compile_tpu"


def compile_tpu(
    model: keras.Model,
    input_shape: typing.Any = None,
    topology: str = "v5e:2x2",
    train: bool = False,
    dtype: typing.Optional[str] = None,
) -> TpuReport:
    """Compile a model ahead of time with libtpu's compiler, and tell what it costs on one TPU core.

    Use it to see, on a machine without a TPU, whether a model compiles for one, what it takes, and what its dynamic layers
    take beside static ones. Every dynamic layer is lowered as the plan has it for a TPU. The same is done for the model with
    `Conv2D` (or its like) in the place of every dynamic layer, where such a model can be built.

    Args:
        model: the Keras model, built. It is left as it is.
        input_shape: of the inputs, the batch included: one shape, or for several inputs a list or dict of shapes as the
            model takes them. None where the model was built for a fixed batch.
        topology: a TPU generation, or one with its shape: `"v4:2x2x1"`, `"v5e:2x2"`, `"v5p:2x2x1"`, `"v6e:2x2"`, or older.
            One core computes all of the batch given, so pass the share of one core.
        train: compile a training step: forward pass in training mode and the gradients for inputs and weights of the sum of
            the outputs' squares; without an optimizer.
        dtype: `"bfloat16"` computes in it as under the policy `mixed_bfloat16`, routings excepted, with inputs in bfloat16;
            `"float32"` likewise; None leaves the model's own policy. Both take Keras 3.

    Returns:
        A `TpuReport`. A model that does not compile is no error: `report.compiles` is False.

    Raises:
        ValueError: no fixed sizes, ops that XLA does not know, an unknown topology, JAX or libtpu missing or in a version
            that does not fit (`pip install 'tfdynconv[tpu]'` has the right ones).

    Cost: one child process; a second or two for a layer, up to minutes for a network's training step.

    >>> import keras, tfdynconv
    >>> model = keras.Sequential([keras.Input([8, 8, 4]), tfdynconv.CondConv2D(8, 3, num_experts=2)])
    >>> report = compile_tpu(model, (4, 8, 8, 4), topology="v5e")
    >>> report.compiles, report.topology, report.model.flops > report.static.flops > 0
    (True, 'v5e:2x2', True)
    """
    if not isinstance(model, keras.Model):
        raise ValueError(
            f"{CALLER}: expected a Keras model. Received: {type(model).__name__}. Put a layer into "
            "keras.Sequential([keras.Input(shape), layer])."
        )
    if dtype not in DTYPES:
        raise ValueError(f"{CALLER}: `dtype` must be one of {', '.join(map(repr, DTYPES))}. Received: dtype={dtype!r}.")
    topology = topology_named(topology, CALLER)
    declared = declared_inputs(model, check=False)
    if declared is None and input_shape is None:
        raise ValueError(
            f"{CALLER}: {type(model).__name__} {model.name!r} does not say the shapes of its inputs. Pass input_shape, "
            "the batch included."
        )
    specs = input_specs(declared, input_shape, dtype, CALLER)
    programs, reason = [model_program(model, specs, train, dtype)], None
    try:
        programs.append(model_program(static_twin(model), specs, train, dtype))
    except NoTwin as error:
        reason = str(error)
    figures = compile_programs(programs, topology, CALLER)
    static = figures[1] if len(figures) > 1 and figures[1].error is None else None
    if len(figures) > 1 and static is None:
        reason = f"it does not compile: {figures[1].error[:300]}"
    shapes = ", ".join("x".join(map(str, spec.shape)) for spec in tf.nest.flatten(specs))
    return TpuReport(topology, bool(train), shapes, dtype or model_dtype(model), figures[0], static, reason)


def model_program(model, specs, train, dtype):
    with computing_in(model, dtype):
        return model_hlo(model, specs, train, CALLER)


def model_dtype(model):
    """What most of its layers compute in, as the model says it."""
    found = [layer.compute_dtype for layer in walk(model) if layer.weights and not isinstance(layer, keras.Model)]
    return max(set(found), key=found.count) if found else "float32"


@contextlib.contextmanager
def computing_in(model, dtype):
    """While open, the model's layers compute in `dtype`; their weights stay as they are, and routings compute as they do."""
    if dtype is None:
        yield
        return
    routings = {id(inner) for layer in walk(model) if isinstance(layer, Routing) for inner in walk(layer)}
    layers = [layer for layer in walk(model) if id(layer) not in routings and layer.compute_dtype != dtype]
    if layers and not _compat.KERAS_3:
        raise ValueError(
            f"{CALLER}: {layers[0].name!r} computes in {layers[0].compute_dtype}, and Keras 2 cannot change a layer's "
            f"precision. Received: dtype={dtype!r}. Build the model under the policy that you want and leave dtype out."
        )
    before = [layer.dtype_policy for layer in layers]
    policy = "mixed_bfloat16" if dtype == "bfloat16" else "float32"
    try:
        for layer in layers:
            layer.dtype_policy = keras.mixed_precision.DTypePolicy(policy)
        yield
    finally:
        for layer, own in zip(layers, before):
            layer.dtype_policy = own
