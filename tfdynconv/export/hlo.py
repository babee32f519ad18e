"""From a Keras model to the HLO of its forward pass, or of a training step, as a TPU should compute it."""

import tensorflow as tf

from tfdynconv.export.tracing import blamed
from tfdynconv.ops import place


def lowered(function, specs):
    """HLO, serialized, of a function of tensors; what it computes is lowered for a TPU though a CPU traces it."""

    def run(*arguments):
        with place.exporting("tpu"):
            return function(*arguments)

    compiled = tf.function(run, jit_compile=True, autograph=False)
    return compiled.experimental_get_compiler_ir(*specs)(stage="hlo_serialized")


def model_hlo(model, specs, train, caller):
    """That of `model(inputs)`, or of a training step: all gradients of the sum of the outputs' squares."""
    flat = tf.nest.flatten(specs)
    weights = [variable(weight) for weight in model.trainable_weights]

    def forward(*inputs):
        return tf.nest.flatten(model(tf.nest.pack_sequence_as(specs, inputs), training=False))

    def training(*inputs):
        sources = [x for x in inputs if x.dtype.is_floating] + weights
        with tf.GradientTape() as tape:
            tape.watch([x for x in inputs if x.dtype.is_floating])
            outputs = tf.nest.flatten(model(tf.nest.pack_sequence_as(specs, inputs), training=True))
            loss = sum(tf.reduce_sum(tf.cast(tf.square(y), tf.float32)) for y in outputs if y.dtype.is_floating)
        gradients = tape.gradient(loss, sources)
        return [tf.convert_to_tensor(gradient) for gradient in gradients if gradient is not None]

    try:
        return lowered(training if train else forward, flat)
    except (ValueError, TypeError, RuntimeError, AttributeError, LookupError, tf.errors.OpError) as error:
        shapes = ", ".join(f"{spec.dtype.name} {tuple(spec.shape)}" for spec in flat)
        raise ValueError(
            f"{caller}: {type(model).__name__} {model.name!r} cannot be lowered with inputs {shapes}.{blamed(error)} A TPU "
            f"needs fixed sizes and ops that XLA knows. It said: {str(error)[:500]}"
        ) from error


def variable(weight):
    """The TensorFlow variable, which gradient tapes want: Keras 3 keeps it inside its own."""
    return weight if callable(getattr(weight, "value", None)) else weight.value


def input_specs(declared, input_shape, dtype, caller):
    """`tf.TensorSpec`s of the model's inputs, nested as it takes them, with `input_shape` (the batch included) for theirs.

    `declared` are those that the model was built for, None if it does not say; floating inputs get `dtype`, if given.
    """
    if input_shape is None:
        shapes = [tuple(spec.shape) if spec.shape.rank else (None,) for spec in tf.nest.flatten(declared)]
    elif isinstance(input_shape, dict):
        shapes = [input_shape[name] for name in sorted(input_shape)]
    else:
        shapes = [input_shape] if all(n is None or isinstance(n, int) for n in input_shape) else list(input_shape)
    flat = [tf.TensorSpec(shape, tf.float32) for shape in shapes] if declared is None else tf.nest.flatten(declared)
    fits = len(flat) == len(shapes) and all(
        spec.shape.rank in (None, len(shape)) and spec.shape[1:].is_compatible_with(shape[1:])
        for spec, shape in zip(flat, shapes)
    )
    if not fits or None in [n for shape in shapes for n in shape]:
        own = ", ".join(str(tuple(spec.shape)) for spec in flat)
        raise ValueError(
            f"{caller}: expected the shapes of all inputs, the batch included, without unknown sizes, for a model of {own}. "
            f"Received: input_shape={input_shape!r}. Pass for example input_shape=(32, 224, 224, 3), or a list or dict of "
            "such shapes for several inputs."
        )
    specs = [
        tf.TensorSpec(shape, dtype if dtype and spec.dtype.is_floating else spec.dtype)
        for spec, shape in zip(flat, shapes)
    ]
    if declared is not None:
        return tf.nest.pack_sequence_as(declared, specs)
    if isinstance(input_shape, dict):
        return dict(zip(sorted(input_shape), specs))
    return specs[0] if len(specs) == 1 else specs
