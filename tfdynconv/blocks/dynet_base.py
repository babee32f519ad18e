"""What DyNet's blocks share: arguments, building, shapes and cost."""

import keras


class DyNetBase(keras.layers.Layer):
    """Hooks of a subclass: `branches(channels)`, the layers by name; `combine(inputs, run)`, where `run(name, inputs)` calls
    one (and gives the inputs back where there is none of the name); `width()`, the channels that come out; `branch_input`
    where a branch sees another shape than the block."""

    def __init__(self, filters, strides=1, group_size=6, **kwargs):
        super().__init__(**kwargs)
        self.filters = self.check_positive("filters", filters)
        self.strides = self.check_positive("strides", strides)
        self.group_size = self.check_positive("group_size", group_size)
        self.input_spec = keras.layers.InputSpec(ndim=4)

    @property
    def label(self):
        return f"{type(self).__name__} {self.name!r}"

    def check_positive(self, name, value):
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{self.label}: `{name}` must be a positive int. Received: {name}={value!r}.")
        return value

    def branch_input(self, name, input_shape):
        return input_shape

    def build(self, input_shape):
        if input_shape[-1] is None:
            raise ValueError(
                f"{self.label}: the number of input channels must be known. Received: input shape {tuple(input_shape)}. "
                "Give the model's Input a shape with channels."
            )
        self.parts = self.branches(int(input_shape[-1]))
        for name, part in self.parts.items():
            part.build(tuple(self.branch_input(name, tuple(input_shape))))
        super().build(input_shape)

    def call(self, inputs, training=None):
        def run(name, x):
            return self.parts[name](x, training=training) if name in self.parts else x

        return self.combine(inputs, run)

    def compute_output_shape(self, input_shape):
        space = [None if n is None else -(-n // self.strides) for n in input_shape[1:3]]
        return (input_shape[0], *space, self.width())

    def cost(self, input_shape):
        """(parameters, multiply-adds of a sample) of all branches; see `CondConv2D.cost`."""
        costs = [
            part.cost(self.branch_input(name, tuple(input_shape)))
            for name, part in self.branches(int(input_shape[-1])).items()
        ]
        return tuple(map(sum, zip(*costs)))

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "strides": self.strides,
            "group_size": self.group_size,
        }
