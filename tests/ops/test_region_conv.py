"""Region convolution against its definition in NumPy, closed-form gradients included, in every mode and both forms."""

import numpy as np
import pytest
import tensorflow as tf

from tests.modes import in_mode
from tests.oracles import Convolution
from tfdynconv.ops import hard_assignment, region_conv
from tfdynconv.ops.regions import routed

REQUESTS = {
    "1x1": {"kernel": (1, 1), "size": (5, 4)},
    "1x1_stride": {"kernel": (1, 1), "size": (5, 4), "strides": 2, "padding": "same"},
    "3x3": {"kernel": (3, 3), "size": (5, 4), "padding": "same"},
    "stride_uneven": {"kernel": (3, 2), "size": (7, 6), "strides": 2, "padding": ((1, 0), (2, 1))},
    "dilated": {"kernel": (3, 3), "size": (7, 6), "dilations": 2, "padding": "same"},
    "groups": {"kernel": (2, 3), "size": (5, 4), "groups": 2, "padding": 1},
    "valid": {"kernel": (3, 3), "size": (5, 6)},
}
REGIONS = 3


def request(name):
    arguments = {"strides": 1, "padding": "valid", "dilations": 1, "groups": 1, **REQUESTS[name]}
    return arguments.pop("kernel"), arguments.pop("size"), arguments


def oracle_of(name):
    kernel, size, window = request(name)
    strides, dilations = ((window[key],) * 2 for key in ("strides", "dilations"))
    return Convolution(size, kernel, strides, dilations, window["padding"], window["groups"])


def numbers(name, batch=3, seed=0, regions=REGIONS):
    kernel, size, window = request(name)
    generator, oracle = np.random.default_rng(seed), oracle_of(name)
    shapes = (
        (batch, *size, 4),
        (batch, regions, *kernel, 4 // window["groups"], 6),
        (batch, *oracle.output_size, regions),
        (batch, *oracle.output_size, 6),
    )
    return [generator.normal(size=shape) for shape in shapes]


def expected(name, x, kernels, guide, cotangent, beta=1.0, use_alpha=False):
    """Outputs and the gradients for x, kernels and guide, region by region from the definition."""
    oracle = oracle_of(name)
    chosen = np.eye(guide.shape[-1])[guide.argmax(-1)]
    alpha = np.exp(guide) / np.exp(guide).sum(-1, keepdims=True)
    y, for_x, for_kernels, responses = 0, 0, [], []
    for j in range(guide.shape[-1]):
        here = chosen[..., j : j + 1]
        response = oracle.forward(x, kernels[:, j])
        y = y + here * response
        for_x = for_x + oracle.input_grad(here * cotangent, kernels[:, j])
        weight = alpha[..., j : j + 1] if use_alpha else here
        for_kernels.append(oracle.kernel_grad(x, weight * cotangent))
        responses.append(np.sum(response * cotangent, -1))
    s = np.stack(responses, -1)
    for_guide = beta * alpha * (s - np.sum(alpha * s, -1, keepdims=True))
    return y, for_x, np.stack(for_kernels, 1), for_guide


def computed(name, tensors, mode, known=True, **options):
    _, _, window = request(name)

    def step(x, kernels, guide, cotangent):
        with tf.GradientTape() as tape:
            tape.watch([x, kernels, guide])
            y = region_conv(x, kernels, guide, **window, **options)
        return y, *tape.gradient(y, [x, kernels, guide], output_gradients=cotangent)

    def spec(tensor, has_space):
        shape = [None, *tensor.shape[1:]] if known or not has_space else [None, None, None, tensor.shape[-1]]
        return tf.TensorSpec(shape, tensor.dtype)

    tensors = list(map(tf.constant, tensors))
    specs = [spec(t, has_space) for t, has_space in zip(tensors, (True, False, True, True))]
    return in_mode(step, mode, specs)(*tensors)


def check(name, mode, tensors=None, **options):
    tensors = tensors or numbers(name)
    wanted = expected(name, *tensors, **{k: v for k, v in options.items() if k in ("beta", "use_alpha")})
    results = computed(name, tensors, mode, **options)
    for what, result, right in zip(("outputs", "inputs", "kernels", "guide"), results, wanted):
        np.testing.assert_allclose(result, right, rtol=1e-9, atol=1e-9, err_msg=what)


@pytest.mark.parametrize("lowering", ["auto", "dense"])
@pytest.mark.parametrize("name", REQUESTS)
def test_by_the_definition(name, lowering, mode):
    check(name, mode, lowering=lowering)


@pytest.mark.parametrize("name", ["1x1", "stride_uneven"])
def test_unknown_sizes(name):
    check(name, "graph", known=False)


@pytest.mark.parametrize(
    "options", [{"beta": 0.25}, {"use_alpha": True}, {"use_alpha": True, "beta": 2.0}, {"beta": 0}], ids=str
)
@pytest.mark.parametrize("lowering", ["auto", "dense"])
def test_the_official_modules_options(options, lowering, mode):
    check("3x3", mode, lowering=lowering, **options)


def test_one_region_is_one_convolution(mode):
    tensors = numbers("3x3", regions=1)
    y, _, _, for_guide = computed("3x3", tensors, mode)
    np.testing.assert_allclose(y, oracle_of("3x3").forward(tensors[0], tensors[1][:, 0]), atol=1e-12)
    assert not np.any(for_guide)


def test_the_first_of_equal_regions(mode):
    x, kernels, guide, cotangent = numbers("3x3")
    check("3x3", mode, [x, kernels, np.zeros_like(guide), cotangent])


@pytest.mark.parametrize("region", range(REGIONS))
def test_all_pixels_in_one_region(region, mode):
    x, kernels, guide, cotangent = numbers("3x3")
    guide[..., region] += 100
    check("3x3", mode, [x, kernels, guide, cotangent])


def test_an_empty_region_gets_no_kernel_gradient(mode):
    x, kernels, guide, cotangent = numbers("3x3")
    guide[..., 1] -= 100
    _, _, for_kernels, _ = computed("3x3", [x, kernels, guide, cotangent], mode)
    assert not np.any(for_kernels[:, 1]) and np.any(for_kernels[:, 0])


@pytest.mark.parametrize("batch", [0, 1])
def test_small_batches(batch, mode):
    check("1x1", mode, numbers("1x1", batch=batch))


def test_a_guide_of_another_size_is_resized_to_the_nearest(mode):
    x, kernels, guide, cotangent = numbers("3x3")
    small = guide[:, :2, :3]
    rows, columns = np.arange(5) * 2 // 5, np.arange(4) * 3 // 4
    wide = small[:, rows][:, :, columns]
    y, for_x, for_kernels, for_wide = expected("3x3", x, kernels, wide, cotangent)
    for_small = np.zeros_like(small)
    np.add.at(for_small, (slice(None), rows[:, None], columns[None]), for_wide)
    results = computed("3x3", [x, kernels, small, cotangent], mode)
    for result, right in zip(results, (y, for_x, for_kernels, for_small)):
        np.testing.assert_allclose(result, right, atol=1e-9)


def test_channels_first():
    x, kernels, guide, _ = map(tf.constant, numbers("3x3"))
    first = [tf.transpose(t, [0, 3, 1, 2]) for t in (x, guide)]
    y = region_conv(first[0], kernels, first[1], padding="same", data_format="channels_first")
    np.testing.assert_allclose(tf.transpose(y, [0, 2, 3, 1]), region_conv(x, kernels, guide, padding="same"))


@pytest.mark.parametrize("dtype, tolerance", [("float16", 1e-2), ("bfloat16", 6e-2)])
def test_half_precision_with_a_float32_guide(dtype, tolerance, mode):
    x, kernels, guide, cotangent = numbers("3x3")
    wanted = expected("3x3", x, kernels, guide, cotangent)
    tensors = [tf.cast(x, dtype), tf.cast(kernels, dtype), tf.cast(guide, "float32"), tf.cast(cotangent, dtype)]
    for result, right in zip(computed("3x3", tensors, mode), wanted):
        np.testing.assert_allclose(tf.cast(result, "float64"), right, atol=tolerance * np.abs(right).max())


def test_second_derivatives(mode):
    """A gradient penalty through the routed form equals that through the dense one, which TensorFlow differentiates."""
    x, kernels, guide, _ = map(tf.constant, numbers("3x3", batch=2))

    def penalty(lowering):
        def run(x, kernels, guide):
            with tf.GradientTape() as outer:
                outer.watch([x, kernels, guide])
                with tf.GradientTape() as inner:
                    inner.watch([x, kernels, guide])
                    y = region_conv(x, kernels, guide, padding="same", lowering=lowering)
                    loss = tf.reduce_sum(y**3)
                value = sum(tf.reduce_sum(g**2) for g in inner.gradient(loss, [x, kernels, guide]))
            return outer.gradient(value, [x, kernels, guide])

        return in_mode(run, mode)(x, kernels, guide)

    for one, other in zip(penalty("auto"), penalty("dense")):
        np.testing.assert_allclose(one, other, rtol=1e-9)


def test_each_pixel_once_on_a_cpu(monkeypatch):
    """`auto` takes the routed form there: it is asked for every gradient, and the dense one for none."""
    asked = []
    for name in ("conv", "gradients", "guide_gradient"):
        right = getattr(routed, name)
        monkeypatch.setattr(routed, name, lambda *a, name=name, right=right: (asked.append(name), right(*a))[1])
    monkeypatch.setattr("tfdynconv.ops.regions.dense.conv", None)
    check("3x3", "eager")
    assert asked == ["conv", "gradients", "guide_gradient"]


def test_a_guide_without_gradient_costs_nothing_in_a_graph():
    """Nothing but the three products of one convolution is left of the step: no loop over every region's response."""
    x, kernels, guide, _ = (tf.constant(t, tf.float32) for t in numbers("1x1"))

    def count(sources):
        def step(x, kernels, guide):
            with tf.GradientTape() as tape:
                tape.watch([x, kernels, guide])
                loss = tf.reduce_sum(region_conv(x, kernels, guide) ** 2)
            return [g for g, wanted in zip(tape.gradient(loss, [x, kernels, guide]), sources) if wanted]

        graph = tf.function(step, autograph=False).get_concrete_function(x, kernels, guide).graph
        reached, waiting = set(), [t.op for t in graph.outputs]
        while waiting:
            op = waiting.pop()
            if op.name not in reached:
                reached.add(op.name)
                waiting += [t.op for t in op.inputs]
        return sum(op.type in ("Case", "StatelessCase") for op in graph.get_operations() if op.name in reached)

    assert count([True, True, True]) - count([True, True, False]) == 1


BAD = [
    ({"guide": (3, 5, 4, 2)}, "expected a guide with one logit for each of the 3 regions of the kernels"),
    ({"kernels": (3, 3, 3, 3, 5, 6)}, "expected channels = kernel channels x groups"),
    ({"kernels": (3, 3, 3, 4, 6)}, r"expected inputs \[batch, height, width, channels\], kernels \[batch, m"),
    ({"kernels": (2, 3, 3, 3, 4, 6)}, "of one batch size. Received: shapes"),
    ({"kernels": (3, 0, 3, 3, 4, 6), "guide": (3, 5, 4, 0)}, "must be known and at least 1"),
    ({"kernels": (3, 3, 7, 7, 4, 6)}, "the kernel is larger than the"),
    ({"lowering": "loop"}, "`lowering` must be one of auto, routed, dense. Received: lowering='loop'"),
    ({"dtype": "float16"}, "inputs and kernels must have the same floating dtype"),
]


@pytest.mark.parametrize("changes, message", BAD, ids=[str(row[0]) for row in BAD])
def test_bad_input(changes, message):
    shapes = {"x": (3, 5, 4, 4), "kernels": (3, 3, 3, 3, 4, 6), "guide": (3, 5, 4, 3), **changes}
    tensors = [
        tf.zeros(shapes["x"], shapes.pop("dtype", "float32")),
        tf.zeros(shapes["kernels"]),
        tf.zeros(shapes["guide"]),
    ]
    options = {name: value for name, value in shapes.items() if name == "lowering"}
    with pytest.raises(ValueError, match=f"region_conv: .*{message}"):
        region_conv(*tensors, **options)


def test_routed_under_xla_is_refused():
    tensors = [tf.constant(t) for t in numbers("1x1")[:3]]
    with pytest.raises(ValueError, match=r"lowering='routed' cannot be used here \(place: cpu_xla\)"):
        in_mode(lambda *t: region_conv(*t, lowering="routed"), "jit")(*tensors)


def test_hard_assignment_is_a_softmax_backwards(mode):
    generator = np.random.default_rng(0)
    z, s = generator.normal(size=(4, 5)), generator.normal(size=(4, 5))

    def run(z, s):
        with tf.GradientTape() as tape:
            tape.watch(z)
            h = hard_assignment(z, beta=0.5)
        return h, tape.gradient(h, z, output_gradients=s)

    h, gradient = in_mode(run, mode)(tf.constant(z), tf.constant(s))
    a = np.exp(z) / np.exp(z).sum(-1, keepdims=True)
    np.testing.assert_array_equal(h, np.eye(5)[z.argmax(-1)])
    np.testing.assert_allclose(gradient, 0.5 * a * (s - np.sum(a * s, -1, keepdims=True)), rtol=1e-12)
