"""The attention arguments that all of Dynamic Convolution's layers share (arXiv 1912.03458)."""

from tfdynconv import routing as routings
from tfdynconv.layers import torch_layout


class SoftmaxAttention:
    """For layers whose `routing="softmax"` takes `reduction_ratio`, `hidden_units` and `temperature`."""

    def __init__(self, *, reduction_ratio, hidden_units, temperature, **kwargs):
        self.attention = {
            "reduction_ratio": reduction_ratio,
            "hidden_units": hidden_units,
            "temperature": temperature,
        }
        super().__init__(**kwargs)

    def make_routing(self, identifier):
        arguments = dict(self.attention) if identifier == "softmax" else {}
        return routings.get(identifier, **self.routing_dtype(), **arguments)

    def attention_table(self):
        """For `torch_layout.assign`: the names that the popular PyTorch module gives the attention's weights."""
        if not isinstance(self.routing, routings.SoftmaxRouting):
            return {}
        squeeze, excite = self.routing.squeeze, self.routing.excite
        return {
            "attention.fc1.weight": (squeeze.kernel, torch_layout.dense_kernel),
            "attention.fc2.weight": (excite.kernel, torch_layout.dense_kernel),
            "attention.fc2.bias": (excite.bias, lambda a: a),
        }

    def get_config(self):
        return {**super().get_config(), **self.attention}
