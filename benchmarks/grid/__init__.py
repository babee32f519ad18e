"""The speed of the package beside Keras' static layers, and the bars it is held to: `python -m benchmarks.grid`."""
