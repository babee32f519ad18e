"""Where a convolution is going to run: a CPU or GPU as TensorFlow's own kernels, under XLA, on a TPU, in a `.tflite`."""

import contextlib
import threading

import tensorflow as tf

from tfdynconv.ops.phone import Phone

PLACES = ("cpu", "cpu_xla", "gpu", "tpu", "tflite")
_scope = threading.local()


@contextlib.contextmanager
def exporting(place="tflite", phone=None):
    """While open, everything traced is meant for `place`, whatever device traces it; `phone` chooses forms for a phone."""
    before = getattr(_scope, "place", None), getattr(_scope, "phone", None)
    _scope.place, _scope.phone = place, phone or Phone()
    try:
        yield
    finally:
        _scope.place, _scope.phone = before


@contextlib.contextmanager
def noting():
    """While open, ops note how they compute, in the list that this gives: lowerings, or names for what is none."""
    before, _scope.notes = getattr(_scope, "notes", None), []
    try:
        yield _scope.notes
    finally:
        _scope.notes = before


def note(chosen):
    """Tell whoever looks on, `noting`, the lowering that an op has chosen; give it back."""
    notes = getattr(_scope, "notes", None)
    if notes is not None:
        notes.append(chosen)
    return chosen


def phone():
    """The plan of the export that is going on, None outside of one."""
    return _scope.phone if getattr(_scope, "place", None) == "tflite" else None


def compiled_by_xla(graph):
    """Whether this trace is seen to be inside a `jit_compile=True` function.

    TensorFlow marks the graph, or one of those around it, with XLA's control-flow context; there is no public way to
    ask. A function traced plainly and called from a compiled one later cannot be seen.
    """
    while graph is not None:
        if "XLA" in type(graph._get_control_flow_context()).__name__:
            return True
        graph = getattr(graph, "outer_graph", None)
    return False


def current(tensor):
    """The place of an op on `tensor`, or None in a graph whose place is only known when it runs."""
    if getattr(_scope, "place", None):
        return _scope.place
    if tf.executing_eagerly() and hasattr(tensor, "numpy"):
        kind = tf.DeviceSpec.from_string(tensor.device).device_type
        return {"GPU": "gpu", "TPU": "tpu"}.get(kind, "cpu")
    if isinstance(tf.distribute.get_strategy(), tf.distribute.TPUStrategy):
        return "tpu"
    if compiled_by_xla(tensor.graph):
        return compiled_place()
    return None


def compiled_place():
    """The place of XLA programs in this process."""
    return "gpu" if tf.config.list_logical_devices("GPU") else "cpu_xla"


def by_device(on_cpu, elsewhere, on_gpu=None):
    """Leave the choice between functions without arguments to the moment when the graph runs.

    `tf.raw_ops.DeviceIndex` gives 0 on a CPU. XLA, which compiles a plain function when a compiled one calls it, sees a
    constant that names no device, and compiles the last branch alone: so a lowering that XLA does not know can stand
    in the first. The TFLite converter, in `model.export(path, format="litert")`, takes the last branch too: it must be of
    ops that a phone has.
    """
    devices, branches = ["CPU"], [on_cpu]
    if on_gpu is not None:
        devices, branches = ["CPU", "GPU"], [on_cpu, on_gpu]
    return tf.switch_case(tf.raw_ops.DeviceIndex(device_names=devices), [*branches, elsewhere])


class ByDevice:
    """A lowering that is one of two or three others, `by_device`."""

    def __init__(self, on_cpu, elsewhere, on_gpu=None):
        self.lowerings = [on_cpu, elsewhere] + ([on_gpu] if on_gpu else [])

    def conv(self, *arguments):
        return self.run("conv", *arguments)

    def input_grad(self, *arguments):
        return self.run("input_grad", *arguments)

    def kernel_grad(self, *arguments):
        return self.run("kernel_grad", *arguments)

    def mixture_grads(self, *arguments):
        return self.run("mixture_grads", *arguments)

    def run(self, name, *arguments):
        return by_device(
            *(lambda lowering=lowering: getattr(lowering, name)(*arguments) for lowering in self.lowerings)
        )
