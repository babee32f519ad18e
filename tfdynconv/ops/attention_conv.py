"""ODConv's convolution (arXiv 2209.07947): attentions over taps, input channels, filters and kernels of a bank."""

import math
import typing

import tensorflow as tf

from tfdynconv.ops import constant_filters, mixture_chunks, place, plan
from tfdynconv.ops.geometry import fold_padding, standardize_data_format
from tfdynconv.ops.lowerings import depthwise
from tfdynconv.ops.lowerings.taps import Taps, WeightedTaps
from tfdynconv.ops.mixing import check_coefficients, mix, mix_taps
from tfdynconv.ops.mixture_conv import check_dtypes, mix_and_convolve
from tfdynconv.ops.mixture_conv import phone_form as mixture_form
from tfdynconv.ops.per_sample_conv import (
    channels_first,
    channels_last,
    check_groups,
    check_output,
    check_window,
    convolve,
)
from tfdynconv.ops.phone import FORMS
from tfdynconv.ops.static_conv import static_conv
from tfdynconv.ops.types import Ints, Padding, Tensor


def attention_conv(
    inputs: Tensor,
    bank: Tensor,
    attentions: typing.Mapping[str, Tensor],
    strides: Ints = 1,
    padding: Padding = "valid",
    dilations: Ints = 1,
    groups: int = 1,
    data_format: str = "channels_last",
    lowering: str = "auto",
) -> Tensor:
    """Convolve each sample with a kernel that is weighted along its four axes.

    `K[b, t, c, f] = s[b, t] p[b, c] q[b, f] sum_i a[b, i] W[i, t, c, f]` and `y[b] = conv(x[b], K[b])`, where s, p, q and a are
    the attentions `"spatial"`, `"channel"`, `"filter"` and `"kernel"`. Those of channels and filters are applied to
    the feature maps or to the kernel, whichever is smaller: the result is the same. Without kernel and spatial attention
    the kernel is static, and the whole batch is one ordinary convolution between two gates.

    Args:
        inputs: `[batch, *space, channels]`, or channels first.
        bank: `[n, *kernel_size, channels / groups, filters]`.
        attentions: `{"spatial": [batch, taps], "channel": [batch, channels], "filter": [batch, filters], "kernel":
            [batch, n]}`; one that is left out counts as 1, which for `"kernel"` takes a bank of one kernel.
        strides, padding, dilations, groups, data_format, lowering: as in `per_sample_conv`.

    Returns:
        `[batch, *output space, filters]`, in the `data_format` of the inputs.

    Raises:
        ValueError: as `per_sample_conv`; attentions with unknown names or wrong shapes.

    Cost: that of `per_sample_conv`, n times the kernel's size for mixing, and one multiplication for each element that an
    attention is applied to.

    Reference: Li, Zhou and Yao, Omni-Dimensional Dynamic Convolution, arXiv 2209.07947.

    >>> import tensorflow as tf
    >>> gates = {"channel": tf.constant([[1.0, 0.0, 0.0]]), "filter": tf.constant([[1.0, 0.5]])}
    >>> attention_conv(tf.ones([1, 4, 4, 3]), tf.ones([1, 1, 1, 3, 2]), gates)[0, 0, 0].numpy().tolist()
    [1.0, 0.5]
    """
    caller = "attention_conv"
    inputs, bank = tf.convert_to_tensor(inputs), tf.convert_to_tensor(bank)
    if inputs.shape.rank not in (3, 4, 5) or bank.shape.rank != inputs.shape.rank + 1:
        raise ValueError(
            f"{caller}: expected inputs of rank 3, 4 or 5 and a bank of one rank more ([n, *kernel_size, channels, "
            f"filters]). Received: inputs of shape {inputs.shape} and a bank of shape {bank.shape}."
        )
    strides, dilations, padding = check_window(strides, dilations, padding, inputs.shape.rank - 2, caller)
    standardize_data_format(data_format, caller)
    inputs = channels_last(inputs) if data_format == "channels_first" else inputs
    check_groups(inputs.shape[-1], bank.shape, groups, caller)
    attentions = check_attentions(attentions, inputs.shape, bank.shape, bank.dtype, caller)
    check_dtypes(inputs, bank, *attentions.values(), caller=caller)
    inputs, geometry = fold_padding(inputs, padding, bank.shape[1:-2], strides, dilations)
    check_output(inputs, bank, geometry, caller)
    outputs = attend(inputs, bank, attentions, geometry, groups, lowering, caller)
    return channels_first(outputs) if data_format == "channels_first" else outputs


def attend(inputs, bank, attentions, geometry, groups, lowering, caller):
    """Place each gate, then take the cheapest convolution that is left."""
    is_mixed = "spatial" in attentions or "kernel" in attentions
    if is_mixed and phone_form(attentions, inputs, bank, geometry, groups, lowering) == "constant":
        return constant_filters.attention(inputs, bank, attentions, geometry, groups)
    output = geometry.output_size(inputs.shape[1:-1], bank.shape[1:-2])
    kernel = bank.shape[1:].num_elements()
    phone = place.phone()
    if phone is not None and attentions and constant_filters.is_pointwise(tuple(bank.shape[1:-2]), geometry, groups):
        maps = elements(inputs.shape[1:-1], inputs.shape[-1]) + elements(output, bank.shape[-1])
        is_mixed = is_mixed or phone.gates_kernel(kernel, maps)
    on_kernel = {
        "channel": groups == 1 and is_mixed and kernel < elements(inputs.shape[1:-1], inputs.shape[-1]),
        "filter": is_mixed and kernel < elements(output, bank.shape[-1]),
    }
    gates = {name: attentions.get(name) for name in ("channel", "filter")}
    if is_mixed and groups == inputs.shape[-1] > 1 and phone is None:
        gates = {"channel": None, "filter": of_each_filter(gates, bank.shape[-1] // groups)}
    if gates["channel"] is not None and not on_kernel["channel"]:
        inputs = inputs * gate(gates["channel"], inputs.shape.rank)
    kept = {name: gates[name] for name in gates if gates[name] is not None and on_kernel[name]}
    if not is_mixed:
        plan.check_name(lowering, caller)
        place.note("static")
        outputs = static_conv(inputs, bank[0], geometry, groups)
    elif "spatial" not in attentions and not kept:
        outputs = mix_and_convolve(inputs, bank, attentions["kernel"], geometry, groups, lowering, caller)
    elif not kept and isinstance(plan.choose_chunks(lowering, inputs, bank, geometry, groups), Taps):
        outputs = mixture_chunks.convolve(place.note(WeightedTaps()), inputs, bank, by_tap(attentions), geometry)
    else:
        kernels = weighted(bank, attentions, kept)
        outputs = convolve(inputs, kernels, geometry, groups, lowering, caller)
    if gates["filter"] is not None and not on_kernel["filter"]:
        outputs = outputs * gate(gates["filter"], outputs.shape.rank)
    return outputs


def phone_form(attentions, inputs, bank, geometry, groups, lowering):
    if "spatial" in attentions and geometry.rank < 3 and depthwise.kind(geometry, inputs.shape[-1], groups) == "conv":
        return plan.phone_form(lowering, "taps", FORMS)
    return mixture_form(inputs, bank, geometry, groups, lowering)


def weighted(bank, attentions, gates):
    """`[batch, *kernel_size, channels, filters]` with kernel and spatial attention, and the gates given."""
    taps, channels, filters = bank.shape[1:-2].num_elements(), bank.shape[-2], bank.shape[-1]
    spatial, kernel = attentions.get("spatial"), attentions.get("kernel")
    if spatial is not None and place.phone() is not None:
        kernels, spatial = mix_taps(tf.reshape(bank, [-1, taps, channels, filters]), kernel, spatial), None
    else:
        kernels = mix(bank, kernel) if kernel is not None else bank
    kernels = tf.reshape(kernels, [-1, taps, channels, filters])
    factor = spatial[:, :, tf.newaxis, tf.newaxis] if spatial is not None else None
    for name, axes in (("channel", (slice(None), None, slice(None), None)), ("filter", (slice(None), None, None))):
        if name in gates:
            g = gates[name][axes]
            factor = g if factor is None else factor * g
    kernels = kernels if factor is None else kernels * factor
    return tf.reshape(kernels, [-1, *bank.shape[1:].as_list()])


def of_each_filter(gates, multiplier):
    """Where each filter reads one channel, the channel's gate is one more of the filter's, and no map is multiplied for it."""
    if gates["channel"] is None:
        return gates["filter"]
    channel = tf.repeat(gates["channel"], multiplier, axis=1) if multiplier > 1 else gates["channel"]
    return channel if gates["filter"] is None else channel * gates["filter"]


def by_tap(attentions):
    """`[batch, taps, n]`: the weight of every kernel at every tap."""
    spatial = attentions["spatial"][:, :, tf.newaxis]
    return spatial * attentions["kernel"][:, tf.newaxis] if "kernel" in attentions else spatial


def elements(space, channels):
    """Size of a feature map; endless where it is unknown, for a kernel's size never is."""
    return math.prod(space) * channels if None not in tuple(space) else math.inf


def gate(values, rank):
    return tf.reshape(values, [-1, *[1] * (rank - 2), values.shape[-1]])


def check_attentions(attentions, input_shape, bank_shape, dtype, caller):
    """The attentions as tensors; `input_shape` has its channels last."""
    sizes = {
        "spatial": math.prod(bank_shape[1:-2]),
        "channel": input_shape[-1],
        "filter": bank_shape[-1],
        "kernel": bank_shape[0],
    }
    if not isinstance(attentions, dict) or not set(attentions) <= set(sizes):
        received = sorted(attentions) if isinstance(attentions, dict) else type(attentions).__name__
        raise ValueError(f"{caller}: attentions must be a dict with keys among {sorted(sizes)}. Received: {received}.")
    if "kernel" not in attentions and bank_shape[0] != 1:
        raise ValueError(
            f"{caller}: without a kernel attention the bank must hold one kernel. Received: {bank_shape[0]} kernels. Give "
            f"attentions['kernel'] of shape [batch, {bank_shape[0]}]."
        )
    tensors = {
        name: value if tf.is_tensor(value) else tf.convert_to_tensor(value, dtype=dtype)
        for name, value in attentions.items()
    }
    for name, value in tensors.items():
        check_coefficients(value, (sizes[name],), input_shape[0], f"{caller}, attention {name!r}")
    return tensors
