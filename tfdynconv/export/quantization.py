"""The ways to quantise a `.tflite`, what each asks for and allows, and what is refused before the conversion starts."""

import dataclasses
import math

from tfdynconv.layers.drconv import DRConv2D
from tfdynconv.layers.walk import walk

CALIBRATION = 128  # batches of representative data that are read for the ranges of activations
SMALL = 1024  # elements; the converter leaves smaller constants in float32, where 8 bits would save less than they cost


@dataclasses.dataclass(frozen=True)
class Mode:
    """`name` of the mode, the relative `error` of one layer that passes, whether activations are integers, what for."""

    name: str
    error: float
    is_integer: bool = False
    stored: tuple = ("int8",)
    meant_for: str = ""

    def tolerance(self, model):
        """For a whole model: the errors of its layers are independent, so their squares add up."""
        layers = sum(any(len(w.shape) > 1 for w in own_weights(layer)) for layer in walk(model))
        return self.error * math.sqrt(max(1, layers))


INTEGER_HARDWARE = (
    "NPUs, DSPs and microcontrollers of integers; on a CPU it may be slower than float32, compare the latencies"
)

# The errors were measured on single layers of every kind, on the data of calibration, "dynamic" with TensorFlow's converter:
# float16 5e-4 at most, dynamic 1.1e-2,
# int8 2.8e-2 (most of it from the activations), int16x8 8e-3 (most of it from the weights).
MODES = {
    mode.name: mode
    for mode in (
        Mode("float16", 1e-3, stored=("float16",)),
        Mode("dynamic", 3e-2),
        Mode("int8", 3e-2, is_integer=True, meant_for=INTEGER_HARDWARE),
        Mode("int16x8", 1.5e-2, is_integer=True, stored=("int8", "int16"), meant_for=INTEGER_HARDWARE),
    )
}


def own_weights(layer):
    """A layer's weights without those of the layers inside it, each of which is walked by itself."""
    inner = {id(w) for other in walk(layer) if other is not layer for w in other.weights}
    return [w for w in layer.weights if id(w) not in inner]


def mode_of(quantize, data):
    """The `Mode` of an argument, or None for float32."""
    if quantize is None:
        return None
    if quantize not in MODES:
        raise ValueError(
            f"to_tflite: `quantize` must be None or one of {', '.join(MODES)}. Received: quantize={quantize!r}."
        )
    mode = MODES[quantize]
    if mode.is_integer and data is None:
        raise ValueError(
            f"to_tflite: quantize={quantize!r} needs representative_data, from which it learns the ranges of all activations. "
            "Pass some hundred samples as the model will meet them: an array, a list or dict of arrays, a generator of "
            "batches or a tf.data.Dataset; labels are allowed. quantize='dynamic' needs none."
        )
    return mode


def refuse_choices(model, mode, tolerance):
    """DRConv's regions are an arg max: where two are close, the smallest error takes another kernel."""
    chooser = next((layer for layer in walk(model) if isinstance(layer, DRConv2D)), None)
    if mode is not None and tolerance is None and chooser is not None:
        raise ValueError(
            f"to_tflite: {chooser.name!r} chooses a region for each pixel by the largest of several scores, and quantisation "
            "changes the choice where two are close, so its outputs cannot agree within the usual tolerance. Export it in "
            "float32 (quantize=None), or pass the tolerance that you accept, tolerance=1.5 for example, and check the "
            "accuracy of the file on your task."
        )


def refuse_coordinates(model, mode):
    """A layer that cannot compute in integers says why: `wants_floats`."""
    if mode is None or not mode.is_integer:
        return
    for layer in walk(model):
        reason = getattr(layer, "wants_floats", None)
        if reason is not None:
            raise ValueError(
                f"to_tflite: quantize={mode.name!r} cannot take {layer.name!r}, a {type(layer).__name__}: {reason}. Use "
                "quantize='dynamic', which stores weights in 8 bits and computes coordinates in float32, or 'float16'."
            )


def refuse_ops(function, mode):
    """Raise for what the converter would quantise wrongly, or leave in float32 without a word."""
    if mode is None or mode.name == "float16":
        return
    captured = {id(tensor) for tensor in function.inputs[len(function.inputs) - len(function.captured_inputs) :]}
    inputs = {tensor.op for tensor in function.inputs if id(tensor) not in captured}
    for op in function.graph.get_operations():
        if op.type not in FILTERS:
            continue
        kernel = op.inputs[1]
        is_computed = bool(inputs & ancestors(kernel.op))
        size = kernel.shape.num_elements()
        if "3D" in op.type and not is_computed and (size is None or size >= SMALL):
            raise ValueError(
                f"to_tflite: quantize={mode.name!r} cannot store the kernel of the 3-D convolution {op.name!r} in 8 bits: "
                "LiteRT has none for it. Use quantize='float16', or for a dynamic layer form='matmul'."
            )
        if mode.is_integer and is_computed:
            raise ValueError(
                f"to_tflite: quantize={mode.name!r} cannot take {op.name!r}, a convolution whose kernel is computed: LiteRT "
                "refuses or misreads such a kernel in integers. Use form='constant' or 'auto' and the layer's "
                "lowering='auto', or quantize='dynamic'."
            )


FILTERS = ("Conv2D", "DepthwiseConv2dNative", "Conv2DBackpropInput", "Conv3D", "Conv3DBackpropInputV2")


def ancestors(op):
    """The op and all that its value comes from; shapes are no values."""
    found, waiting = set(), [op]
    while waiting:
        op = waiting.pop()
        if op not in found and op.type not in ("Shape", "ShapeN", "Size", "Rank"):
            found.add(op)
            waiting.extend(tensor.op for tensor in op.inputs)
    return found
