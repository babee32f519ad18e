"""`compile_tpu`: figures from the real TPU compiler, a static twin beside the model, and errors that say how to mend it."""

import contextlib
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdynconv
from tfdynconv.export import compile_tpu, hlo, tpu, tpu_compiler
from tfdynconv.export.static_twin import NoTwin, static_twin
from tfdynconv.export.tpu_compiler import Figures
from tfdynconv.export.tpu_report import TpuReport

FIGURES = Figures(flops=1e9, bytes=1e6, seconds=3e-4, arguments=2**20, outputs=2**20, temporary=2**20)


def model_of(*layers, shape=(8, 8, 4)):
    return keras.Sequential([keras.Input(shape), *layers])


@pytest.fixture
def programs(monkeypatch):
    """Stands in for the compiler: what it was given, and figures for each."""
    given = []

    def compile_programs(programs, topology, caller, options=None):
        given.append((programs, topology))
        return [FIGURES] * len(programs)

    monkeypatch.setattr(tpu, "compile_programs", compile_programs)
    return given


def test_a_model_and_its_twin():
    """A training step has more flops than a forward pass; the dynamic layer mixes 4 kernels more than the static one."""
    pytest.importorskip("jax")
    model = model_of(tfdynconv.CondConv2D(8, 3, num_experts=4, use_bias=False))
    report = compile_tpu(model, (16, 8, 8, 4), "v5e", train=True, dtype="bfloat16")
    assert report.compiles and report.why_no_static is None
    convolution = 2 * 16 * 6 * 6 * 9 * 4 * 8
    assert report.static.flops == pytest.approx(3 * convolution, rel=0.1)
    assert report.model.flops > report.static.flops
    assert 0 < report.static.seconds < report.model.seconds < 1
    bank = 4 * 9 * 4 * 8 * 4
    assert report.model.arguments - report.static.arguments >= bank * 3 // 4
    assert "training step in bfloat16, inputs 16x8x8x4: compiles" in str(report)


@pytest.mark.slow
@pytest.mark.parametrize("topology", tpu_compiler.TOPOLOGIES)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_every_topology(topology, dtype):
    assert compile_tpu(model_of(tfdynconv.CondConv2D(8, 3)), (2, 8, 8, 4), topology, dtype=dtype).compiles


def test_one_worker_compiles_several_and_reports_what_does_not():
    pytest.importorskip("jax")
    specs = [tf.TensorSpec([2, 8, 8, 4])]
    good = hlo.lowered(tf.nn.relu, specs)
    bad = hlo.lowered(lambda x: tf.raw_ops.FFT(input=tf.cast(x, tf.complex128)), specs)
    first, broken, last = tpu_compiler.compile_programs([good, bad, good], "v5e:2x2", "test")
    assert first == last and first.error is None and first.bytes > 0
    assert "128" in broken.error and broken.seconds == 0


def test_what_is_asked_for_reaches_the_compiler(programs):
    report = compile_tpu(model_of(tfdynconv.CondConv2D(8, 3)), (2, 8, 8, 4), "v4")
    assert [(len(given), topology) for given, topology in programs] == [(2, "v4:2x2x1")]
    assert (report.topology, report.dtype, report.train, report.ratio) == ("v4:2x2x1", "float32", False, 1.0)


def test_the_model_is_left_as_it_was(programs):
    model = model_of(tfdynconv.DynamicConv2D(8, 3), keras.layers.BatchNormalization())
    before = model.get_weights()
    compile_tpu(model, (2, 8, 8, 4), train=True, dtype="bfloat16")
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights()))
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}


def test_lowered_for_a_tpu(monkeypatch):
    """As the plan has it there: without the loop that XLA on a CPU gets for this size."""
    model = model_of(tfdynconv.CondConv2D(8, 3), shape=(12, 12, 4))
    spec = tf.TensorSpec([4, 12, 12, 4])
    assert b"while" not in hlo.model_hlo(model, spec, True, "test")
    monkeypatch.setattr(hlo.place, "exporting", lambda _: contextlib.nullcontext())
    assert b"while" in hlo.model_hlo(model, spec, True, "test")


def test_bfloat16_is_not_for_routings(programs, monkeypatch):
    seen = {}
    layer = tfdynconv.CondConv2D(8, 3)
    model = model_of(layer)
    monkeypatch.setattr(
        tpu,
        "model_hlo",
        lambda model, *_: seen.setdefault("dtypes", (layer.compute_dtype, layer.routing.compute_dtype)) and b"",
    )
    compile_tpu(model, (2, 8, 8, 4), dtype="bfloat16")
    assert seen["dtypes"] == ("bfloat16", "float32")


TWINS = {
    "conv": (tfdynconv.CondConv2D(6, 3, strides=2, padding="same", groups=2), keras.layers.Conv2D),
    "dynet": (tfdynconv.DyNetConv2D(6, 3, dilation_rate=2), keras.layers.Conv2D),
    "versatile": (tfdynconv.VersatileConv2D(6, 5, padding="same"), keras.layers.Conv2D),
    "regions": (tfdynconv.DRConv2D(6, 3, num_regions=2), keras.layers.Conv2D),
    "depthwise": (tfdynconv.DepthwiseDynamicConv2D(3, depth_multiplier=2), keras.layers.DepthwiseConv2D),
    "transposed": (tfdynconv.CondConv2DTranspose(6, 3, strides=2, output_padding=1), keras.layers.Conv2DTranspose),
    "dense": (tfdynconv.CondDense(6), keras.layers.Dense),
    "groups of one": (tfdynconv.ODConv2D(8, 3, groups=4), keras.layers.DepthwiseConv2D),
}


@pytest.mark.parametrize("layer, kind", TWINS.values(), ids=TWINS)
def test_the_twin_of_each_kind(layer, kind):
    model = model_of(layer)
    twin = static_twin(model)
    assert [type(layer) for layer in twin.layers] == [kind]
    assert twin.output_shape == model.output_shape
    assert twin.layers[0].activation == layer.activation


@pytest.mark.parametrize(
    "layer, kind, shape",
    [
        (tfdynconv.CondConv1D(6, 3, padding=((2, 0),)), keras.layers.Conv1D, (8, 4)),
        (tfdynconv.CondConv2D(6, 3, padding=((1, 0), (2, 1))), keras.layers.Conv2D, (8, 8, 4)),
        (tfdynconv.CondConv3D(6, 3, padding=1), keras.layers.Conv3D, (5, 5, 5, 4)),
    ],
)
def test_padding_in_numbers_is_a_layer_of_its_own(layer, kind, shape):
    model = model_of(layer, shape=shape)
    twin = static_twin(model)
    assert isinstance(twin.layers[0].layers[-1], kind)
    assert twin.output_shape == model.output_shape


def test_the_twin_of_nested_models():
    inner = model_of(tfdynconv.CondConv2D(4, 3, padding="same"))
    x = keras.Input([8, 8, 4])
    model = keras.Model(x, keras.layers.Add()([inner(x), keras.layers.Conv2D(4, 1)(x)]))
    twin = static_twin(model)
    assert twin.output_shape == model.output_shape
    assert twin.count_params() == 9 * 16 + 4 + 16 + 4


def shared_routing():
    x = keras.Input([8, 8, 4])
    coefficients = tfdynconv.routing.SigmoidRouting(num_kernels=2)(x)
    return keras.Model(x, tfdynconv.CondConv2D(4, 3, num_experts=2, routing=None)(x, coefficients))


@keras.saving.register_keras_serializable(package="tests")
class Subclassed(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.layer = tfdynconv.CondConv2D(4, 3)

    def call(self, inputs):
        return self.layer(inputs)


@pytest.mark.parametrize(
    "make, reason",
    [
        (shared_routing, "called with coefficients"),
        (Subclassed, "only Sequential and functional models"),
        (lambda: model_of(keras.layers.Conv2D(4, 3)), "no dynamic layer"),
        (lambda: model_of(tfdynconv.blocks.DyMobileBlock(8, 4)), "inside a layer of another class"),
    ],
    ids=["coefficients", "subclassed", "static", "block"],
)
def test_no_twin_is_told(make, reason, programs):
    model = make()
    with pytest.raises(NoTwin, match=reason):
        static_twin(model)
    report = compile_tpu(model, (2, 8, 8, 4))
    assert report.static is None and report.ratio is None
    assert reason in str(report)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"model": tfdynconv.CondConv2D(4, 3)}, "expected a Keras model. Received: CondConv2D"),
        ({"topology": "v7x"}, "unknown TPU topology.*v4:2x2x1, v5e:2x2, v5p:2x2x1, v6e:2x2.*'v7x'"),
        ({"topology": 5}, "unknown TPU topology"),
        ({"dtype": "float16"}, "`dtype` must be one of"),
        ({"input_shape": (2, 8, 8)}, "expected the shapes of all inputs, the batch included"),
        ({"input_shape": None}, "expected the shapes of all inputs, the batch included"),
        ({"input_shape": [(2, 8, 8, 4)] * 2}, "for a model of .None, 8, 8, 4."),
        ({"model": Subclassed(), "input_shape": None}, "does not say the shapes of its inputs"),
    ],
)
def test_bad_arguments(arguments, message):
    arguments = {"model": model_of(tfdynconv.CondConv2D(4, 3)), "input_shape": (2, 8, 8, 4), **arguments}
    with pytest.raises(ValueError, match=f"compile_tpu: .*{message}"):
        compile_tpu(**arguments)


def test_an_op_that_xla_does_not_know():
    model = model_of(keras.layers.Lambda(lambda x: tf.strings.to_number(tf.strings.as_string(x)), name="words"))
    with pytest.raises(ValueError, match="compile_tpu: .* cannot be lowered with inputs float32 .2, 8, 8, 4."):
        compile_tpu(model, (2, 8, 8, 4))


def test_without_jax(monkeypatch, tmp_path):
    """A package of that name that cannot be imported stands before the real one."""
    (tmp_path / "jax.py").write_text("raise ImportError('hidden by the test')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ValueError, match=r"compile_tpu: needs .* pip install 'tfdynconv\[tpu\]'.*hidden by the test"):
        compile_tpu(model_of(tfdynconv.CondConv2D(4, 3)), (2, 8, 8, 4))


def test_without_libtpu(monkeypatch, tmp_path):
    pytest.importorskip("jax")
    monkeypatch.delenv("TPU_LIBRARY_PATH", raising=False)
    (tmp_path / "libtpu.py").write_text("raise ImportError('hidden by the test')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ValueError, match=r"compile_tpu: needs .* pip install 'tfdynconv\[tpu\]'"):
        compile_tpu(model_of(tfdynconv.CondConv2D(4, 3)), (2, 8, 8, 4))


def test_an_unknown_shape_of_a_known_generation():
    pytest.importorskip("jax")
    with pytest.raises(ValueError, match="topology 'v5e:3x5'"):
        compile_tpu(model_of(tfdynconv.CondConv2D(4, 3)), (2, 8, 8, 4), "v5e:3x5")


def test_the_package_does_not_import_libtpu():
    """TensorFlow itself imports jax where it is installed; its backends and libtpu stay out of this process."""
    program = "import sys, tfdynconv; print('libtpu' in sys.modules, 'jax.experimental.topologies' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"], done.stderr[-500:]


def test_the_report_warns_of_what_the_estimate_leaves_out():
    loops = Figures(seconds=1e-3, uncosted=2, loops=1)
    text = str(TpuReport("v5e:2x2", True, "1x1", "float32", loops, None, "so"))
    assert "2 op(s) the compiler cannot cost" in text
    assert "1 loop(s): the estimate counts each body once, so it is too low" in text
    assert "no static model beside it: so" in text
    failed = TpuReport("v5e:2x2", False, "1x1", "float32", Figures(error="INTERNAL: no"))
    assert (failed.compiles, failed.ratio) == (False, None)
    assert "does not compile\n  INTERNAL: no" in str(failed)
