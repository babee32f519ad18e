"""The dynamic layers by family, and what of Keras each of them stands for."""

import inspect

import keras

from tfdynconv import layers
from tfdynconv.layers.cost import CONVOLUTIONS

K = keras.layers

FAMILIES = {
    "CondConv": {
        K.Conv1D: layers.CondConv1D,
        K.Conv2D: layers.CondConv2D,
        K.Conv3D: layers.CondConv3D,
        K.DepthwiseConv2D: layers.DepthwiseCondConv2D,
        K.Conv2DTranspose: layers.CondConv2DTranspose,
        K.Dense: layers.CondDense,
    },
    "DynamicConv": {
        K.Conv1D: layers.DynamicConv1D,
        K.Conv2D: layers.DynamicConv2D,
        K.Conv3D: layers.DynamicConv3D,
        K.DepthwiseConv2D: layers.DepthwiseDynamicConv2D,
        K.Conv2DTranspose: layers.DynamicConv2DTranspose,
    },
    "MixtureConv": {
        K.Conv1D: layers.MixtureConv1D,
        K.Conv2D: layers.MixtureConv2D,
        K.Conv3D: layers.MixtureConv3D,
    },
    "DyNet": {K.Conv2D: layers.DyNetConv2D, K.DepthwiseConv2D: layers.DepthwiseDyNetConv2D},
    "ODConv": {
        K.Conv1D: layers.ODConv1D,
        K.Conv2D: layers.ODConv2D,
        K.Conv3D: layers.ODConv3D,
        K.DepthwiseConv2D: layers.ODConv2D,
    },
    "DRConv": {K.Conv2D: layers.DRConv2D, K.DepthwiseConv2D: layers.DRConv2D},
    "Versatile": {K.Conv2D: layers.VersatileConv2D},
}
WITH_KERNEL = (*CONVOLUTIONS, K.Dense)
OF_THE_SURGEON = ("name", "trainable", "dtype")


def family_of(layer):
    """The table of the family that a class, or its name, belongs to."""
    for table in FAMILIES.values():
        if any(layer in (cls, cls.__name__) for cls in table.values()):
            return table
    names = sorted({cls.__name__ for table in FAMILIES.values() for cls in table.values()})
    raise ValueError(f"to_dynamic: `layer` must be one of {', '.join(names)}. Received: layer={layer!r}.")


def parameters(cls):
    found = inspect.signature(cls.__init__).parameters.values()
    return [p.name for p in found if p.name != "self" and p.kind is not inspect.Parameter.VAR_KEYWORD]


def check_arguments(table, arguments):
    """Those of the old layers are carried over and cannot be given; others must mean something to the family."""
    known = {name for cls in table.values() for name in parameters(cls)}
    carried = {name for old in table for name in parameters(old)} | set(OF_THE_SURGEON)
    for name, value in arguments.items():
        if name in carried:
            raise ValueError(
                f"to_dynamic: `{name}` is carried over from each layer. Received: {name}={value!r}. Set it in the model before."
            )
        if name not in known:
            raise ValueError(
                f"to_dynamic: no layer of this family has an argument `{name}`. Received: {name}={value!r}. Expected some of "
                f"{', '.join(sorted(known - carried))}."
            )
        if name in ("routing", "guide") and value is None:
            raise ValueError(
                f"to_dynamic: with {name}=None the layers would want {'coefficients' if name == 'routing' else 'a guide'} in "
                f"their call, which the model does not give. Received: {name}=None. Leave `{name}` out."
            )
