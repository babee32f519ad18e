"""Export to a phone: Keras model -> verified .tflite of builtin ops."""

import os
import typing
import warnings

import keras
import tensorflow as tf

from tfdynconv.export.conversion import convert
from tfdynconv.export.precision import in_float32
from tfdynconv.export.quantization import CALIBRATION, mode_of, refuse_choices, refuse_coordinates, refuse_ops
from tfdynconv.export.report import ExportReport
from tfdynconv.export.samples import MOST
from tfdynconv.export.scratch import put_in_place, scratch_folder
from tfdynconv.export.sizes import sizes_of
from tfdynconv.export.tracing import save, trace
from tfdynconv.export.verification import agreement, run_keras, run_tflite, write_inputs
from tfdynconv.export.weights import refuse_frozen, refuse_nan_weights
from tfdynconv.layers.walk import walk
from tfdynconv.ops.geometry import is_int
from tfdynconv.ops.phone import FORMS, TARGETS, Phone


def to_tflite(
    model: keras.Model,
    path: typing.Union[str, os.PathLike],
    *,
    form: str = "auto",
    target: str = "cpu",
    quantize: typing.Optional[str] = None,
    representative_data: typing.Any = None,
    batch_size: int = 1,
    input_shapes: typing.Any = None,
    tolerance: typing.Optional[float] = None,
) -> ExportReport:
    """Write a Keras model as a `.tflite` of builtin ops, in float32 or quantised, and check that it computes the same.

    Takes Sequential and functional models, and subclassed ones that have been called or built. Whatever batch size the model
    was built with, the file has the one asked for. Each dynamic layer is lowered as phones run it best. The file is run in
    LiteRT on at least 8 different inputs through one interpreter, with 1 and with 4 threads, with the delegate XNNPACK and
    without, and compared with the model; only a file that agrees in all of them is put in place. The model itself stays as
    it is.

    A model of another precision (float16, bfloat16, mixed, float64) is exported as if built in float32; that takes Keras 3
    (on Keras 2 an error says how to rebuild it).

    Args:
        model: the Keras model.
        path: of the file to write; ends in `.tflite`.
        form: how dynamic convolutions are computed: `"matmul"`, the kernel mixed, then products of matrices, in float32 the
            fastest on a CPU; `"constant"`, every stored kernel convolved and the outputs mixed, so that all filters are
            constants; `"auto"` chooses for each layer, and the report says why.
        target: `"cpu"`, `"gpu"` or `"npu"`, what `form="auto"` chooses for.
        quantize: None for float32; `"float16"`, weights of 16 bits; `"dynamic"`, weights of 8 bits, activations in float32
            (by ai-edge-quantizer where it is installed, `pip install 'tfdynconv[tflite]'`; by TensorFlow's converter
            otherwise, whose depthwise convolutions then stay outside of XNNPACK);
            `"int8"`, activations of 8 bits too, for hardware of integers (inputs and outputs stay
            float32, converted inside); `"int16x8"`, activations of 16 bits and weights of 8 (of 16 where a dynamic kernel is
            computed by products), the most exact of integers and slow on a CPU. The last two learn the ranges of
            activations from `representative_data`, the first 128 batches. Weights of fewer than 1024 elements may stay float32.
        representative_data: what to compare on in place of random inputs and zeros: an array (or a list or dict of arrays,
            as the model's inputs), or an iterable of batches, labels allowed. The first 16 batches are used, fewer than 8
            again with smaller floats. Give it where the model is picky: integer inputs (random ones are 0 and 1), values in
            some range only. It also tells the dtypes of a subclassed model's inputs, which are otherwise float32. For several
            sizes a dict of these by signature.
        batch_size: of the file; a phone wants 1.
        input_shapes: sizes of the inputs without the batch, for a model of unknown size, or another size than it was built
            for if it can be called with that: one shape, or for several inputs a list or dict of shapes as the model takes
            them. A dict `{name: shape or shapes}` gives several sizes, each a signature of the one file, with the weights
            in it once.
        tolerance: the largest relative error, `max |keras - tflite| / max |keras|`, that passes; unless given 1e-4,
            and for a quantised model of L layers with kernels sqrt(L) times 1e-3 (`"float16"`), 3e-2 (`"dynamic"`,
            `"int8"`) or 1.5e-2 (`"int16x8"`).

    Returns:
        An `ExportReport`: size, ops, agreement, what stays off the delegate, latency.

    Raises:
        ValueError: the model does not know its inputs or their sizes, has NaN among its weights, has ops without a TFLite
            builtin, or disagrees with its export; the path cannot be written. No file is left then, and one that was there
            stays.

    Warns: `UserWarning` when a routing's temperature has not reached its final value.

    Cost: two child processes and some seconds; one of them for timing.

    >>> import os, tempfile, keras, tfdynconv
    >>> model = keras.Sequential([keras.Input([8, 8, 3]), tfdynconv.CondConv2D(4, 3)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = to_tflite(model, os.path.join(folder, "model.tflite"))
    >>> report.max_relative_error < 1e-5, report.num_inputs
    (True, 8)
    """
    path = check_arguments(model, path, batch_size, 0 if tolerance is None else tolerance)
    mode = mode_of(quantize, representative_data)
    refuse_choices(model, mode, tolerance)
    refuse_coordinates(model, mode)
    if tolerance is None:
        tolerance = 1e-4 if mode is None else mode.tolerance(model)
    phone = make_phone(form, target, mode)
    refuse_nan_weights(model)
    sizes = sizes_of(model, batch_size, input_shapes, representative_data, CALIBRATION if is_integer(mode) else MOST)
    warn_of_temperatures(model)
    with scratch_folder(path) as scratch, in_float32(model):
        saved_model, draft = os.path.join(scratch, "saved_model"), os.path.join(scratch, "model.tflite")
        functions = {size.name: trace(model, size.specs, phone) for size in sizes}
        for function in functions.values():
            refuse_ops(function, mode)
        save(functions, saved_model)
        calibration = os.path.join(scratch, "calibration.npz")
        if is_integer(mode):
            write_inputs(calibration, {size.name: (size.specs, size.samples) for size in sizes})
        convert(saved_model, draft, list(functions), mode, calibration, list(walk(model)))
        run = run_tflite(draft, sizes, scratch, mode)
        expected = {size.name: run_keras(model, size.inputs) for size in sizes}
        try:
            relative, absolute = agreement(expected, run.answers, tolerance)
        except ValueError as error:
            refuse_frozen(model, sizes[0].inputs[0], next(iter(functions.values())), error)
            raise
        report = ExportReport(
            path,
            os.path.getsize(draft),
            run.ops,
            relative,
            sum(len(size.inputs) for size in sizes),
            tuple(dict.fromkeys(phone.choices)),
            absolute,
            run.outside,
            run.latencies,
            {size.name: {spec.name: tuple(spec.shape) for spec in tf.nest.flatten(size.specs)} for size in sizes},
            mode.meant_for if mode is not None else "",
        )
        put_in_place(draft, path)
    return report


def is_integer(mode):
    return mode is not None and mode.is_integer


def check_arguments(model: keras.Model, path: typing.Any, batch_size: int, tolerance: float) -> str:
    """The path as a string, if everything is what it should be."""
    if not isinstance(model, keras.Model):
        raise ValueError(
            f"to_tflite: expected a Keras model. Received: {type(model).__name__}. Put a layer into "
            "keras.Sequential([keras.Input(shape), layer])."
        )
    path = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(path, str) or not path.endswith(".tflite") or os.path.isdir(path):
        raise ValueError(f"to_tflite: expected the path of a file that ends in '.tflite'. Received: path={path!r}.")
    if not is_int(batch_size) or batch_size < 1:
        raise ValueError(f"to_tflite: `batch_size` must be a positive int. Received: batch_size={batch_size!r}.")
    if not isinstance(tolerance, (int, float)) or not tolerance >= 0:
        raise ValueError(f"to_tflite: `tolerance` must be a number from 0 up. Received: tolerance={tolerance!r}.")
    return path


def make_phone(form, target, mode):
    for name, value, choices in (("form", form, ("auto", *FORMS)), ("target", target, TARGETS)):
        if value not in choices:
            raise ValueError(f"to_tflite: `{name}` must be one of {', '.join(choices)}. Received: {name}={value!r}.")
    stores_8_bits = mode is not None and "int8" in mode.stored
    return Phone(form, target, is_integer=is_integer(mode), stores_8_bits=stores_8_bits)


def warn_of_temperatures(model):
    """Warn of routings whose temperature is still on its way: what is exported now keeps it for ever."""
    owners, unfinished = {}, []
    for layer in walk(model):
        owners[id(getattr(layer, "routing", None))] = layer.name
        if hasattr(layer, "temperature") and hasattr(layer, "final_temperature"):
            now, final = float(layer.temperature.numpy()), float(layer.final_temperature.numpy())
            if abs(now - final) > 1e-6 * final:
                unfinished.append(f"{owners.get(id(layer), layer.name)!r} at {now:g} (final {final:g})")
    if unfinished:
        warnings.warn(
            f"to_tflite: exported with a temperature that is not final: {', '.join(unfinished)}. Train with "
            "tfdynconv.training.TemperatureSchedule, or set it: layer.routing.temperature.assign(1.0).",
            UserWarning,
            stacklevel=3,
        )
