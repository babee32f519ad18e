"""Weights with which a dynamic layer computes what a static one did, though its kernels differ.

The coefficients stand still: the last layer of the routing is zero. The kernels of a bank are the trained one plus
deviations that sum to zero. So the mixture is the trained kernel, whatever the input; but the gradients of routing and
kernels differ from kernel to kernel, and training tells them apart.
"""

import math

import numpy as np
import tensorflow as tf

from tfdynconv.layers.learned_masks import LearnedMasks


def deviations(count, kernel, perturbation, random):
    """`[count, *kernel]`, normal, with sum zero over the bank, and in size a share of the kernel's own spread."""
    drawn = random.normal(size=(count, *kernel.shape))
    drawn -= drawn.mean(0)
    spread = kernel.std() or 1 / math.sqrt(max(1, math.prod(kernel.shape[:-1])))
    return perturbation * spread * drawn


def fill_bank(new, kernel, bias, perturbation, random):
    """A mixing layer: kernels (and biases, where they are mixed) over the sum of the coefficients that each one meets."""
    still = new.routing.stand_still()
    if isinstance(still, dict):  # gates along each axis, and at most one coefficient for each kernel
        total = math.prod(still.values()) * (new.num_kernels if "kernel" in still else 1)
    else:
        total = new.num_kernels * still
    new.kernel.assign((kernel + deviations(new.num_kernels, kernel, perturbation, random)) / total)
    if bias is not None:
        new.bias.assign(bias if new.has_static_bias else np.tile(bias / total, (new.num_kernels, 1)))


def fill_regions(new, kernel, bias, perturbation, random):
    """DRConv: all regions have the same kernel at first; the guide keeps its random weights, which tell pixels apart."""
    generator, m = new.generator, new.num_regions
    if new.generator_name == "basis":
        generator.routing.stand_still()
        generator.kernel.assign(kernel + deviations(new.num_basis, kernel, perturbation, random))
    else:
        for weight in generator.squeeze.weights:
            weight.assign(np.zeros(tuple(weight.shape)))  # a sigmoid of one half for each of the m units of a region
        one = kernel.reshape(kernel.shape[-2:])
        banks = [one + deviations(m, one, perturbation, random) for _ in range(m)]
        generator.kernel.assign(np.concatenate(banks) * (2 / m))
        generator.kernel_bias.assign(np.zeros(tuple(generator.kernel_bias.shape)))
    if bias is not None:
        new.bias.assign(bias)


def fill_masks(new, kernel, bias):
    """Versatile filters, summed: each weight over the number of masks that it is in."""
    if is_learned(new):
        cover(new.secondary)
    new.kernel.assign(kernel / times(new, kernel.shape))
    if bias is not None:
        new.bias.assign(bias)


def is_learned(new):
    return isinstance(new.secondary, LearnedMasks)


def times(new, shape):
    """In how many masks each weight of a kernel is."""
    return np.float64(new.form.kernel(new.secondary, tf.ones(shape)))


def cover(masks):
    """Put the weights that are in no mask into the first: as far above its threshold as they were below."""
    proxy = np.array(masks.proxy).reshape(*masks.proxy.shape[:-1], masks.num_masks, -1)
    first = proxy[..., 0, :]
    proxy[..., 0, :] = np.where(np.all(proxy <= 0.5, -2), np.maximum(1 - first, 0.51), first)
    masks.proxy.assign(proxy.reshape(masks.proxy.shape))
