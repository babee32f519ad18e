"""On the digits: the loss does not jump, and after 100 steps kernels and coefficients of a bank are told apart."""

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

from tests.surgery.networks import quiet
from tfdynconv.surgery import to_dynamic

LAYERS = {
    "DynamicConv2D": {},
    "CondConv2D": {"num_experts": 4},
    "DyNetConv2D": {"group_size": 3},
    "ODConv2D": {"num_kernels": 4},
    "DRConv2D": {"num_regions": 3, "num_basis": 4},
}
DEFAULT = ("CondConv2D",)


def digits():
    data = load_digits()
    return (data.images[..., np.newaxis] / 16.0).astype("float32"), data.target


def trained(images, labels):
    layers = [
        keras.layers.Conv2D(8, 3, padding="same", activation="relu"),
        keras.layers.Conv2D(12, 3, strides=2, padding="same", activation="relu", name="conv"),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(10),
    ]
    return fitted(keras.Sequential([keras.Input([8, 8, 1]), *layers]), images, labels, steps=200)


def fitted(model, images, labels, steps=100):
    model.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(images[:1600], labels[:1600], batch_size=64, epochs=steps // 25, verbose=0)
    return model


def loss(model, images, labels):
    return float(keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, model(images)))


@pytest.mark.parametrize(
    "layer", [name if name in DEFAULT else pytest.param(name, marks=pytest.mark.slow) for name in LAYERS]
)
def test_kernels_and_routing_are_told_apart(layer):
    images, labels = digits()
    static = trained(images, labels)
    model = to_dynamic(static, layer, data=images, **LAYERS[layer], **quiet)
    assert abs(loss(model, images, labels) - loss(static, images, labels)) < 1e-5
    owner = model.get_layer("conv")
    owner = getattr(owner, "generator", owner)
    bank = np.array(owner.kernel)
    fitted(model, images, labels)
    moved = np.array(owner.kernel) - bank
    apart = np.linalg.norm(moved - moved.mean(0)) / np.linalg.norm(moved)
    assert apart > 0.002, "all kernels moved alike"
    found = owner.routing(model.layers[0](images))
    coefficients = np.array(found["kernel"] if isinstance(found, dict) else found)
    coefficients /= coefficients.mean()
    assert coefficients.std(0).mean() > 3e-4, "the coefficients do not depend on the sample"
    assert coefficients.mean(0).std() > 0.003, "the coefficients of the kernels are equal"
