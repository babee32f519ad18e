"""What the public functions take and give. TensorFlow has no types that a checker could read: a tensor may be anything."""

import typing

import tensorflow as tf

Tensor = tf.Tensor
Ints = typing.Union[int, typing.Sequence[int]]
Padding = typing.Union[str, int, typing.Sequence[typing.Union[int, typing.Sequence[int]]]]
Shape = typing.Sequence[typing.Optional[int]]
