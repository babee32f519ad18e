"""Region convolution: each pixel is convolved with the kernel of the region that a guide puts it in."""

import tensorflow as tf

from tfdynconv.ops import place as places
from tfdynconv.ops import plan
from tfdynconv.ops.geometry import fold_padding, spatial_size, standardize_data_format
from tfdynconv.ops.per_sample_conv import (
    channels_first,
    channels_last,
    check_groups,
    check_output,
    check_window,
    groups_to_samples,
    kernel_groups_to_samples,
    samples_to_groups,
)
from tfdynconv.ops.regions import dense, routed
from tfdynconv.ops.regions.routed import regions_of
from tfdynconv.ops.trilinear import hidden, shaped
from tfdynconv.ops.types import Ints, Padding, Tensor

LOWERINGS = ("auto", "routed", "dense")


def region_conv(
    inputs: Tensor,
    kernels: Tensor,
    guide: Tensor,
    strides: Ints = 1,
    padding: Padding = "valid",
    dilations: Ints = 1,
    groups: int = 1,
    data_format: str = "channels_last",
    beta: float = 1.0,
    use_alpha: bool = False,
    lowering: str = "auto",
) -> Tensor:
    """Convolve every pixel of a sample with the kernel of its region.

    `M[b, p] = argmax_j guide[b, p, j]` and `y[b, p] = conv(x[b], W[b, M[b, p]])[p]`, the first region of equals. Backward,
    input and kernels get the exact gradient of that; the guide gets that of a softmax, with `a = softmax(guide)` and each
    region's response `s_j = <dy, conv(x, W_j)>`: `beta a_j (s_j - sum_l a_l s_l)`.

    Args:
        inputs: `[batch, height, width, channels]`, or channels first.
        kernels: `[batch, m, *kernel_size, channels / groups, filters]`, one for each region.
        guide: `[batch, height', width', m]` (or m first), logits of any floating dtype; of another
            spatial size than the output it is resized, each output cell taking the nearest.
        strides, padding, dilations, groups, data_format: as in `per_sample_conv`.
        beta: factor of the guide's gradient.
        use_alpha: weight the kernels' gradient at each pixel with a, for all regions, instead of with the hard choice.
        lowering: `"routed"` gathers each region's pixels and touches each once (CPU, outside XLA); `"dense"` computes every
            region's response and selects, in static shapes; `"auto"` takes the first where it runs.

    Returns:
        `[batch, height', width', filters]`, in the `data_format` of the inputs.

    Raises:
        ValueError: wrong ranks or sizes, regions that do not match, a lowering that cannot run in this place.

    Cost: `"routed"`, the multiply-adds of one convolution forward, two backward, and m more for the guide if it wants a
    gradient; `"dense"`, m times those of a convolution.

    >>> import tensorflow as tf
    >>> kernels = tf.constant([[[[[[1.0]]]], [[[[10.0]]]]]])
    >>> guide = tf.constant([[[[1.0, 0.0], [0.0, 1.0]]]])
    >>> region_conv(tf.ones([1, 1, 2, 1]), kernels, guide).numpy().ravel().tolist()
    [1.0, 10.0]

    Reference: Chen et al., Dynamic Region-Aware Convolution, arXiv 2003.12243.
    """
    caller = "region_conv"
    inputs, kernels, guide = map(tf.convert_to_tensor, (inputs, kernels, guide))
    check_tensors(inputs, kernels, guide, caller)
    strides, dilations, padding = check_window(strides, dilations, padding, 2, caller)
    standardize_data_format(data_format, caller)
    if data_format == "channels_first":
        inputs, guide = channels_last(inputs), channels_last(guide)
    check_groups(inputs.shape[-1], kernels.shape, groups, caller)
    if guide.shape[-1] != kernels.shape[1]:
        raise ValueError(
            f"{caller}: expected a guide with one logit for each of the {kernels.shape[1]} regions of the kernels. "
            f"Received: a guide of shape {guide.shape}, kernels of shape {kernels.shape}."
        )
    inputs, geometry = fold_padding(inputs, padding, kernels.shape[2:4], strides, dilations)
    check_output(inputs, kernels[:, 0], geometry, caller)
    guide = nearest(guide, geometry.output_size(spatial_size(inputs, 2), kernels.shape[2:4]))
    if groups > 1:
        regions = kernels.shape[1]
        apart = [kernel_groups_to_samples(k, groups) for k in tf.unstack(kernels, num=regions, axis=1)]
        kernels, inputs = tf.stack(apart, 1), groups_to_samples(inputs, groups)
        guide = tf.repeat(guide, groups, axis=0)
    how = places.note(form(lowering, inputs, caller))
    outputs = convolve(inputs, kernels, guide, geometry, float(beta), use_alpha, how)
    outputs = samples_to_groups(outputs, groups) if groups > 1 else outputs
    return channels_first(outputs) if data_format == "channels_first" else outputs


def check_lowering(name, caller):
    if name not in LOWERINGS:
        raise ValueError(f"{caller}: `lowering` must be one of {', '.join(LOWERINGS)}. Received: lowering={name!r}.")


def form(name, tensor, caller):
    """`"routed"`, `"dense"`, or None where only the moment of running tells."""
    check_lowering(name, caller)
    place = places.current(tensor)
    if name == "routed" and place not in ("cpu", None):
        raise ValueError(
            f"{caller}: lowering='routed' cannot be used here (place: {place}): the number of pixels in a region is known only "
            "when it runs. Use lowering='auto'."
        )
    if name != "auto":
        return name
    plan.phone_form(name, "regions", ("matmul",))
    return None if place is None else "routed" if place == "cpu" else "dense"


def convolve(inputs, kernels, guide, geometry, beta, use_alpha, how):
    if how == "dense":
        return dense.conv(inputs, kernels, guide, geometry, beta, use_alpha)
    size = geometry.output_size(inputs.shape[1:-1], kernels.shape[2:4])
    output_shape = [inputs.shape[0], *size, kernels.shape[-1]]

    def run(on_cpu, elsewhere):
        return on_cpu() if how == "routed" else places.by_device(on_cpu, elsewhere)

    @tf.custom_gradient
    def conv(x, k, g):
        def grad(y):
            y = shaped(y, output_shape)
            for_x, for_k = data_gradients(x, k, g, y)
            # an op of its own: a graph that wants no gradient for the guide drops it
            return for_x, for_k, guide_gradient(x, k, g, y)[0] if beta else tf.zeros_like(g)

        a, b, c = map(hidden, (x, k, g))
        outputs = run(
            lambda: routed.conv(a, b, regions_of(c), geometry),
            lambda: dense.conv(a, b, c, geometry, beta, use_alpha),
        )
        return shaped(outputs, output_shape), grad

    def gradients(routed_form, chosen):
        """Some of the gradients for (x, k, g), with derivatives from the dense form."""

        @tf.custom_gradient
        def value(x, k, g, y):
            def grad(*cotangents):
                with tf.GradientTape() as tape:
                    tape.watch([x, k, g, y])
                    results = dense.gradients(x, k, g, y, geometry, beta, use_alpha)[chosen]
                return tape.gradient(
                    results, [x, k, g, y], output_gradients=list(cotangents), unconnected_gradients="zero"
                )

            a, b, c, d = map(hidden, (x, k, g, y))
            results = run(
                lambda: routed_form(a, b, c, d),
                lambda: dense.gradients(a, b, c, d, geometry, beta, use_alpha)[chosen],
            )
            return tuple(shaped(r, t.shape) for r, t in zip(results, (inputs, kernels, guide)[chosen])), grad

        return value

    data_gradients = gradients(lambda x, k, g, y: routed.gradients(x, k, g, y, geometry, use_alpha), slice(0, 2))
    guide_gradient = gradients(lambda x, k, g, y: (routed.guide_gradient(x, k, g, y, geometry, beta),), slice(2, 3))
    return conv(inputs, kernels, guide)


def nearest(guide, size):
    """The guide at `size`: output cell i takes cell `floor(i in / out)`."""
    for axis, wanted in enumerate(size, start=1):
        have = guide.shape[axis]
        if isinstance(wanted, int) and have == wanted:
            continue
        have = have if have is not None else tf.shape(guide)[axis]
        guide = tf.gather(guide, tf.range(wanted) * have // wanted, axis=axis)
    return guide


def check_tensors(inputs, kernels, guide, caller):
    if inputs.shape.rank != 4 or kernels.shape.rank != 6 or guide.shape.rank != 4:
        raise ValueError(
            f"{caller}: expected inputs [batch, height, width, channels], kernels [batch, m, height, width, channels, filters] "
            f"and a guide [batch, height', width', m]. Received: shapes {inputs.shape}, {kernels.shape} and {guide.shape}."
        )
    if inputs.dtype != kernels.dtype or not inputs.dtype.is_floating or not guide.dtype.is_floating:
        raise ValueError(
            f"{caller}: inputs and kernels must have the same floating dtype, and the guide a floating one. Received: "
            f"{inputs.dtype.name}, {kernels.dtype.name}, guide {guide.dtype.name}. Cast with tf.cast."
        )
    if not kernels.shape[1:].is_fully_defined() or 0 in kernels.shape[1:]:
        raise ValueError(
            f"{caller}: the kernels' sizes, all but the batch, must be known and at least 1. Received: kernels of shape "
            f"{kernels.shape}."
        )
    batches = {t.shape[0] for t in (inputs, kernels, guide)} - {None}
    if len(batches) > 1:
        raise ValueError(
            f"{caller}: expected inputs, kernels and guide of one batch size. Received: shapes {inputs.shape}, "
            f"{kernels.shape} and {guide.shape}."
        )
