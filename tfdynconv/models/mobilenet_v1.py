"""MobileNetV1 (arXiv 1704.04861)."""

from tfdynconv.models.frame import Frame, image

# filters and stride of each separable block
BLOCKS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1))


def mobilenet_v1(
    convolutions=None,
    input_shape=(224, 224, 3),
    classes=1000,
    classifier_activation="softmax",
    dropout=0.0,
    padding="symmetric",
    name="mobilenet_v1",
):
    """MobileNetV1 1.0: 13 blocks of a depthwise and a 1x1 convolution.

    Args:
        convolutions: `Convolutions`, what stands for its convolutions; None for Keras' static ones. Each separable block is a
            block, with roles `"depthwise"` and `"project"`.
        input_shape: without the batch; height and width may be None.
        classes: units of the classifier.
        classifier_activation: None for logits.
        dropout: rate before the classifier.
        padding: `"symmetric"` as PyTorch's networks, or `"same"` as TensorFlow's.
        name: of the model.

    Reference: Howard et al., MobileNets, arXiv 1704.04861.

    >>> import tfdynconv
    >>> tfdynconv.models.mobilenet_v1(input_shape=(32, 32, 3)).output_shape
    (None, 1000)
    """
    frame = Frame(convolutions, padding, blocks=len(BLOCKS))
    inputs = image(input_shape)
    x = frame.norm(frame.conv(inputs, "stem", 32, 3, "stem", strides=2), "stem.bn", "relu")
    for number, (filters, strides) in enumerate(BLOCKS, 1):
        prefix = f"block{number}."
        frame.begin(number, x, prefix)
        x = frame.norm(frame.depthwise(x, "depthwise", 3, f"{prefix}dw", strides), f"{prefix}dw.bn", "relu")
        x = frame.norm(frame.conv(x, "project", filters, 1, f"{prefix}pw"), f"{prefix}pw.bn", "relu")
    return frame.finish(inputs, x, classes, classifier_activation, dropout, "classifier", name)
