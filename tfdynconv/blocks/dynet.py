"""DyNet's three blocks (arXiv 2004.10694): Dy-mobile, Dy-shuffle and Dy-ResNet."""

import keras
import tensorflow as tf

from tfdynconv.blocks.dynet_base import DyNetBase
from tfdynconv.blocks.dynet_branch import DyNetBranch
from tfdynconv.blocks.static_branch import StaticBranch


@keras.saving.register_keras_serializable(package="tfdynconv")
class DyMobileBlock(DyNetBase):
    """Dy-mobile: MobileNetV2's inverted residual without its expansion, in dynamic convolutions.

    1x1, 3x3 in groups of few channels (here are the strides), 1x1, each dynamic with as many filters as the block has; batch
    normalisation behind each, ReLU6 behind the first two; the input added where the shapes allow it. One predictor gives all
    coefficients from the block's input.

    Args:
        filters: channels of the output; rounded up to a multiple of `channels_per_group`, as published.
        strides: of the 3x3 convolution.
        group_size: kernels that each filter is made of.
        channels_per_group: input channels of a group of the 3x3 convolution.

    Shapes: `[batch, height, width, channels] -> [batch, height / strides, width / strides, filters]`, sizes rounded up.

    Raises:
        ValueError: arguments that are not positive ints.

    Cost, w weights, F filters and p output pixels of a convolution, C channels of the block, g = group_size: multiply-adds
    `p w + g w + C g F` summed over its three convolutions. `block.cost(input_shape)` has the parameters too.

    Reference: Zhang et al., DyNet, arXiv 2004.10694. Residual and activations follow MobileNetV2; the paper does not draw them.

    >>> import tensorflow as tf, tfdynconv
    >>> tfdynconv.blocks.DyMobileBlock(16, strides=2)(tf.ones([2, 8, 8, 3])).shape
    TensorShape([2, 4, 4, 18])
    """

    def __init__(self, filters, strides=1, group_size=6, channels_per_group=6, **kwargs):
        super().__init__(filters=filters, strides=strides, group_size=group_size, **kwargs)
        self.channels_per_group = self.check_positive("channels_per_group", channels_per_group)

    def width(self):
        return -(-self.filters // self.channels_per_group) * self.channels_per_group

    def branches(self, channels):
        width, relu6 = self.width(), tf.nn.relu6
        convolutions = [
            ({"filters": width, "kernel_size": 1}, relu6),
            (
                {
                    "filters": width,
                    "kernel_size": 3,
                    "strides": self.strides,
                    "groups": width // self.channels_per_group,
                },
                relu6,
            ),
            ({"filters": width, "kernel_size": 1}, None),
        ]
        return {"branch": DyNetBranch(convolutions, self.group_size, name="branch", dtype=self.dtype_policy)}

    def combine(self, inputs, run):
        outputs = run("branch", inputs)
        return outputs + inputs if self.strides == 1 and inputs.shape[-1] == self.width() else outputs

    def get_config(self):
        return {**super().get_config(), "channels_per_group": self.channels_per_group}


@keras.saving.register_keras_serializable(package="tfdynconv")
class DyResNetBlock(DyNetBase):
    """Dy-ResNet: a residual block whose convolutions are dynamic, meant for half of ResNet's channels.

    Basic: 3x3, 3x3. Bottleneck: 1x1, 3x3, 1x1 with four times the filters. Batch normalisation behind each, ReLU between them
    and behind the sum; a static 1x1 convolution with normalisation on the shortcut where the shape changes. One predictor
    of two layers, with a quarter of the channels between them.

    Args:
        filters: channels inside the block, and of its output if it is basic; the paper has 32, 64, 128 and 256.
        strides: of the first 3x3 convolution.
        group_size: kernels that each filter is made of.
        bottleneck: the form with three convolutions and `4 filters` outputs.

    Shapes: `[batch, height, width, channels] -> [batch, height / strides, width / strides, filters or 4 filters]`.

    Raises:
        ValueError: arguments that are not positive ints.

    Cost: as `DyMobileBlock`, of the convolutions here; `block.cost(input_shape)` counts it.

    Reference: Zhang et al., DyNet, arXiv 2004.10694. The activation inside the predictor, a ReLU, is our reading.

    >>> import tensorflow as tf, tfdynconv
    >>> tfdynconv.blocks.DyResNetBlock(8, strides=2, bottleneck=True)(tf.ones([2, 8, 8, 16])).shape
    TensorShape([2, 4, 4, 32])
    """

    def __init__(self, filters, strides=1, group_size=6, bottleneck=False, **kwargs):
        super().__init__(filters=filters, strides=strides, group_size=group_size, **kwargs)
        self.bottleneck = bottleneck

    def width(self):
        return 4 * self.filters if self.bottleneck else self.filters

    def branches(self, channels):
        first = {"filters": self.filters, "kernel_size": 3, "strides": self.strides}
        convolutions = [(first, tf.nn.relu), ({"filters": self.filters, "kernel_size": 3}, None)]
        if self.bottleneck:
            convolutions = [
                ({"filters": self.filters, "kernel_size": 1}, tf.nn.relu),
                (first, tf.nn.relu),
                ({"filters": self.width(), "kernel_size": 1}, None),
            ]
        hidden, policy = max(1, channels // 4), self.dtype_policy
        found = {"branch": DyNetBranch(convolutions, self.group_size, hidden, name="branch", dtype=policy)}
        if self.strides > 1 or channels != self.width():
            parts = [("conv", self.width(), 1, self.strides, None)]
            found["shortcut"] = StaticBranch(parts, name="shortcut", dtype=policy)
        return found

    def combine(self, inputs, run):
        return tf.nn.relu(run("branch", inputs) + run("shortcut", inputs))

    def get_config(self):
        return {**super().get_config(), "bottleneck": self.bottleneck}


@keras.saving.register_keras_serializable(package="tfdynconv")
class DyShuffleBlock(DyNetBase):
    """Dy-shuffle: ShuffleNetV2's unit with three quarters of the channels left alone and the rest made dynamically.

    Stride 1: every fourth channel goes through 1x1, 3x3 in groups, 1x1, dynamic, and is put behind the others. Stride 2:
    the whole input goes through that branch, and through a static one (3x3 depthwise, 1x1) for the other three quarters.
    Batch normalisation behind each convolution, ReLU behind the 1x1 ones. One predictor, fed by the dynamic branch's input.

    Args:
        filters: channels of the output, a multiple of 4; with `strides=1` those of the input.
        strides: 1 or 2.
        group_size: kernels that each filter is made of.
        channels_per_group: input channels of a group of the 3x3 convolution, at most; the largest number that divides.

    Shapes: `[batch, height, width, channels] -> [batch, height / strides, width / strides, filters]`.

    Raises:
        ValueError: `filters` not divisible by 4, or not the input's channels at stride 1.

    Cost: as `DyMobileBlock`, of the convolutions here; `block.cost(input_shape)` counts it.

    Reference: Zhang et al., DyNet, arXiv 2004.10694. Which channels are the fourth is our reading, after
    ShuffleNetV2's split by parity.

    >>> import tensorflow as tf, tfdynconv
    >>> tfdynconv.blocks.DyShuffleBlock(24)(tf.ones([2, 8, 8, 24])).shape
    TensorShape([2, 8, 8, 24])
    """

    def __init__(self, filters, strides=1, group_size=6, channels_per_group=6, **kwargs):
        super().__init__(filters=filters, strides=strides, group_size=group_size, **kwargs)
        self.channels_per_group = self.check_positive("channels_per_group", channels_per_group)
        if self.filters % 4:
            raise ValueError(f"{self.label}: `filters` must be divisible by 4. Received: filters={filters}.")

    def width(self):
        return self.filters

    def branches(self, channels):
        if self.strides == 1 and channels != self.filters:
            raise ValueError(
                f"{self.label}: with strides=1 `filters` must be the input's channels. Received: filters={self.filters}, "
                f"{channels} channels. Set strides=2 to change them."
            )
        quarter = self.filters // 4
        per_group = max(n for n in range(1, self.channels_per_group + 1) if quarter % n == 0)
        convolutions = [
            ({"filters": quarter, "kernel_size": 1}, tf.nn.relu),
            (
                {"filters": quarter, "kernel_size": 3, "strides": self.strides, "groups": quarter // per_group},
                None,
            ),
            ({"filters": quarter, "kernel_size": 1}, tf.nn.relu),
        ]
        policy = self.dtype_policy
        found = {"branch": DyNetBranch(convolutions, self.group_size, name="branch", dtype=policy)}
        if self.strides > 1:
            parts = [("depthwise", channels, 3, self.strides, None), ("conv", 3 * quarter, 1, 1, tf.nn.relu)]
            found["static"] = StaticBranch(parts, name="static", dtype=policy)
        return found

    def branch_input(self, name, input_shape):
        if self.strides == 1:
            return (*input_shape[:-1], input_shape[-1] // 4)
        return input_shape

    def combine(self, inputs, run):
        if self.strides > 1:
            return tf.concat([run("static", inputs), run("branch", inputs)], -1)
        shape = tf.shape(inputs)
        fours = tf.reshape(inputs, [shape[0], shape[1] * shape[2], self.filters // 4, 4])
        left = tf.reshape(fours[..., :3], tf.concat([shape[:3], [3 * self.filters // 4]], 0))
        right = tf.reshape(fours[..., 3], tf.concat([shape[:3], [self.filters // 4]], 0))
        right.set_shape([*inputs.shape[:3], self.filters // 4])
        outputs = tf.concat([left, run("branch", right)], -1)
        outputs.set_shape([*inputs.shape[:3], self.filters])
        return outputs

    def get_config(self):
        return {**super().get_config(), "channels_per_group": self.channels_per_group}
