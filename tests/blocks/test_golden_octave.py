"""OctaveConv2D against published modules: outputs and every gradient.

What differs from our default, and how the test composes it:

- their stride 2 pools both inputs and then does what stride 1 does. Ours, that of the paper's authors, leaves the low input
  as it is where it has the size of the high output already. With one tensor in, both are the same.
- each of their four convolutions has a bias; two of these add up to one of ours.
- the padding is a number.
- batch normalisation and ReLU, where a module has them, stand behind each output.
"""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import golden
from tests.modes import in_mode
from tfdynconv import blocks
from tfdynconv.testing.case import variable

load = functools.partial(golden.load, "octave")
CASES = [load(name) for name in golden.files("octave")]
EVERY = pytest.mark.parametrize("case", CASES, ids=str)
ALPHAS = {"Octave": (1, 1), "FirstO": (1, 0), "LastOc": (0, 1), "LastOC": (0, 1)}  # (out, in), by the class's name


class Composed:
    """Pooling where their stride needs it, the layer, batch normalisation and ReLU."""

    def __init__(self, case, pool=True, **changes):
        args, name = case.args, case.meta["class"].split(".")[-1]
        alpha, (out, into) = args.get("alpha", 0.5), ALPHAS[name[:6]]
        self.pools = pool and args.get("stride", 1) == 2
        self.layer = blocks.OctaveConv2D(
            args["out_channels"],
            args["kernel_size"],
            **{
                "strides": 1 if self.pools else args.get("stride", 1),
                "padding": args.get("padding", 1),
                "dilation_rate": args.get("dilation", 1),
                "groups": args.get("groups", 1),
                "use_bias": args.get("bias", False),
                "alpha_in": alpha * into,
                "alpha_out": alpha * out,
                "dtype": "float64",
                **changes,
            },
        )
        self.first = self.layer.data_format == "channels_first"
        self.inputs = [self.into(case[f"in/{key}"]) for key in ("x_h", "x_l", "x") if f"in/{key}" in case.arrays]
        shapes = [tuple(self.pool(tf.constant(x)).shape) for x in self.inputs]
        self.layer.build(shapes if into else shapes[0])
        state = {key.removeprefix("conv."): a for key, a in case.group("param").items() if not key.startswith("bn")}
        self.layer.load_torch_state(state)
        self.training = case.meta["mode"] == "train"
        self.activation = tf.nn.relu if "CBR" in name else tf.identity
        self.norms = {key: self.norm(case, key) for key in ("bn_h", "bn_l") if f"param/{key}.weight" in case.arrays}

    def into(self, array):
        return array if self.first else golden.channels_last(array)

    def back(self, array):
        return np.asarray(array) if self.first else golden.channels_first(array)

    def norm(self, case, key):
        axis = 1 if self.first else -1
        norm = keras.layers.BatchNormalization(axis=axis, momentum=0.9, epsilon=1e-5, dtype="float64")
        params, buffers = case.group("param"), case.group("buffer")
        count = len(params[f"{key}.weight"])
        norm.build((None, count, None, None) if self.first else (None, None, None, count))
        values = [params[f"{key}.weight"], params[f"{key}.bias"]]
        norm.set_weights([*values, buffers[f"{key}.running_mean"], buffers[f"{key}.running_var"]])
        return norm

    def pool(self, x):
        if not self.pools:
            return x
        x = tf.transpose(x, [0, 2, 3, 1]) if self.first else x  # a CPU pools channels last alone
        x = tf.nn.avg_pool2d(x, 2, 2, "VALID")
        return tf.transpose(x, [0, 3, 1, 2]) if self.first else x

    def __call__(self, *inputs):
        inputs = [self.pool(x) for x in inputs]
        outputs = self.layer(inputs if self.layer.alpha_in else inputs[0])
        outputs = outputs if self.layer.alpha_out else [outputs]
        norms = [lambda x, norm=norm: norm(x, training=self.training) for norm in self.norms.values()]
        return [self.activation(norm(x)) for norm, x in zip(norms or [tf.identity] * 2, outputs)]

    def weights(self):
        own = [self.layer.kernel, *([self.layer.bias] if self.layer.use_bias else [])]
        return own + [w for norm in self.norms.values() for w in norm.trainable_weights]

    def named_gradients(self, gradients):
        """By the names of the published parameters."""
        count = len(self.inputs)
        names = ("x_h", "x_l") if self.layer.alpha_in else ("x",)
        named = {f"in/{name}": self.back(g) for name, g in zip(names, gradients)}
        conv = "conv." if self.norms else ""
        high = self.inputs[0].shape[1 if self.first else -1]
        for name, part in self.layer.cut(tf.constant(gradients[count]), high).items():
            named[f"param/{conv}{name[0]}2{name[1]}.weight"] = np.transpose(part, (3, 2, 0, 1))
        rest = gradients[count + 1 :]
        if self.layer.use_bias:
            for t, part in zip("hl", np.split(rest.pop(0), [self.layer.split_filters[0]])):
                named.update({f"param/{s}2{t}.bias": part for s in "hl" if len(part)})
        for key in self.norms:
            named[f"param/{key}.weight"], named[f"param/{key}.bias"] = rest.pop(0), rest.pop(0)
        return named


def reproduces(case, mode, **changes):
    composed = Composed(case, **changes)
    several = "out/0" in case.arrays
    cotangents = [composed.into(case[key]) for key in (["R/0", "R/1"] if several else ["R"])]

    def run(inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = composed(*inputs)
            loss = tf.add_n([tf.reduce_sum(y * r) for y, r in zip(outputs, cotangents)])
        return outputs, tape.gradient(loss, [*inputs, *[variable(w) for w in composed.weights()]])

    inputs = [tf.constant(x) for x in composed.inputs]
    spec = [tf.TensorSpec([None, *x.shape[1:]], x.dtype) for x in inputs]
    outputs, gradients = in_mode(run, mode, [spec])(inputs)
    for key, output in zip(["out/0", "out/1"] if several else ["out"], outputs):
        case.expect(key, composed.back(output))
    case.expect_gradients(composed.named_gradients([np.asarray(g) for g in gradients]))


@EVERY
def test_outputs_and_gradients(case, mode):
    reproduces(case, mode)


@pytest.mark.parametrize("name", ["oct_k3_g2", "oct_k3_s2_bias", "cbr_train", "last_k3"])
def test_channels_first(name):
    """In the layout of the reference."""
    reproduces(load(name), "eager", data_format="channels_first")


def test_at_stride_2_one_tensor_needs_no_composition():
    reproduces(load("first_k5_s2"), "eager", pool=False)


@pytest.mark.parametrize("name", ["oct_k3_s2_bias", "last_k3_s2_d2"])
def test_our_stride_2_is_another(name):
    """Of the same shapes; with a pair in, the outputs differ: the low input goes into the high output unpooled."""
    case = load(name)
    composed = Composed(case, pool=False)
    outputs = composed(*map(tf.constant, composed.inputs))
    wanted = [case[key] for key in ("out/0", "out/1", "out") if key in case.arrays]
    differ = [np.abs(composed.back(y) - w).max() for y, w in zip(outputs, wanted, strict=True)]
    assert differ[0] > 0.1 and all(d < 1e-9 for d in differ[1:]), differ


def test_every_file_is_used():
    assert sorted(map(str, CASES)) == sorted(golden.index("octave"))
    assert len(CASES) == 12
