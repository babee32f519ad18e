"""What a network's description is written with: named convolutions, normalisations and activations on symbolic tensors."""

import keras

from tfdynconv.models.convolutions import Convolutions
from tfdynconv.models.place import Place
from tfdynconv.models.published import load_published

LAST = "channels_last"
PADDINGS = ("symmetric", "same")


class Frame:
    """Adds the layers of one network.

    Args:
        convolutions: `Convolutions`, or None for static ones.
        padding: `"symmetric"`, (k - 1) / 2 zeros on every side as PyTorch's networks have, or `"same"`, TensorFlow's.
        epsilon, momentum: of the batch normalisations.
        blocks: how many blocks the network has.
        kernels: whose initial kernels, `"torch"` or `"tensorflow"`; see `initializer`.
    """

    def __init__(self, convolutions, padding, blocks=None, epsilon=1e-5, momentum=0.9, kernels="torch"):
        if padding not in PADDINGS:
            raise ValueError(
                f"tfdynconv.models: `padding` must be one of {PADDINGS}. Received: padding={padding!r}. 'symmetric' is "
                "PyTorch's, 'same' TensorFlow's."
            )
        self.convolutions = convolutions or Convolutions()
        self.padding, self.blocks, self.kernels = padding, blocks, kernels
        self.epsilon, self.momentum = epsilon, momentum
        self.stage = self.block = None

    def begin(self, stage, source, name):
        """A block begins; `source` is what its shared layer looks at, `name` how that layer's name begins."""
        self.stage, self.block = stage, (self.block or 0) + 1
        self.source, self.prefix, self.given = source, name, None

    def place(self, role):
        if role in ("stem", "head", "classifier"):
            return Place(role, blocks=self.blocks)
        return Place(role, self.block, self.blocks, self.stage)

    def initializer(self, depthwise=False):
        """He's normal distribution by the outputs; of a depthwise kernel PyTorch counts k k C outputs, TensorFlow k k."""
        mode = "fan_in" if depthwise and self.kernels == "torch" else "fan_out"
        return keras.initializers.VarianceScaling(2.0, mode, "untruncated_normal")

    def conv(self, x, role, filters, kernel_size, name, strides=1, use_bias=False):
        place = self.place(role)
        x, padding = self.padded(x, place, kernel_size, strides, name)
        layer = self.convolutions.make_conv(
            place,
            filters,
            kernel_size,
            self.initializer(),
            strides=strides,
            padding=padding,
            use_bias=use_bias,
            data_format=LAST,
            name=name,
        )
        return self.called(layer, x, place)

    def depthwise(self, x, role, kernel_size, name, strides=1):
        place = self.place(role)
        x, padding = self.padded(x, place, kernel_size, strides, name)
        layer = self.convolutions.make_depthwise(
            place,
            x.shape[-1],
            kernel_size,
            self.initializer(depthwise=True),
            strides=strides,
            padding=padding,
            use_bias=False,
            data_format=LAST,
            name=name,
        )
        return self.called(layer, x, place)

    def padded(self, x, place, kernel_size, strides, name):
        """The input and the layer's `padding`; where the two kinds agree, "same" is what is fastest everywhere."""
        if self.padding == "same" or strides == 1:
            return x, "same"
        amount = (kernel_size - 1) // 2
        if not amount:
            return x, "valid"
        if self.convolutions.is_dynamic(place):
            return x, amount
        return keras.layers.ZeroPadding2D(amount, data_format=LAST, name=f"{name}.pad")(x), "valid"

    def called(self, layer, x, place):
        if not self.convolutions.shares(place):
            return layer(x)
        if self.given is None:
            self.given = self.convolutions.shared[1](self.prefix)(self.source)
        return layer(x, self.given)

    def norm(self, x, name, activation=None):
        """Batch normalisation, and an activation: "relu", "relu6" or "swish"."""
        layer = keras.layers.BatchNormalization(
            epsilon=self.epsilon, momentum=self.momentum, synchronized=True, name=name
        )
        return self.activate(layer(x), activation, f"{name}.{activation}")

    def activate(self, x, activation, name):
        if activation is None:
            return x
        if activation == "relu6":
            return keras.layers.ReLU(6.0, name=name)(x)
        return keras.layers.Activation(activation, name=name)(x)

    def max_pool(self, x, name):
        """3x3 with stride 2, of values that are not negative."""
        padding = "same"
        if self.padding == "symmetric":
            x, padding = keras.layers.ZeroPadding2D(1, data_format=LAST, name=f"{name}.pad")(x), "valid"
        return keras.layers.MaxPooling2D(3, 2, padding, data_format=LAST, name=name)(x)

    def finish(self, inputs, x, classes, activation, dropout, name, model_name, weights=None):
        """Global mean, dropout, classifier: the model, with published weights if asked. `name` is the classifier's."""
        x = keras.layers.GlobalAveragePooling2D(data_format=LAST, name="avgpool")(x)
        if dropout:
            x = keras.layers.Dropout(dropout, name="dropout")(x)
        place = self.place("classifier")
        dense = self.convolutions.make_dense(place, classes, activation=activation, name=name)
        model = keras.Model(inputs, dense(x), name=model_name)
        if weights is not None:
            load_published(model, weights)
        return model


def image(input_shape):
    return keras.Input(tuple(input_shape), name="image")
