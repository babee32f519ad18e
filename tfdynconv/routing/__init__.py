"""Routing: input -> coefficients, as small serializable Keras layers, resolved from a name, a config or a callable."""

from tfdynconv.routing.base import Routing as Routing
from tfdynconv.routing.odconv import ODConvRouting as ODConvRouting
from tfdynconv.routing.resolve import CallableRouting as CallableRouting
from tfdynconv.routing.resolve import get as get
from tfdynconv.routing.sigmoid import SigmoidRouting as SigmoidRouting
from tfdynconv.routing.softmax import SoftmaxRouting as SoftmaxRouting
from tfdynconv.routing.split import SplitRouting as SplitRouting
from tfdynconv.routing.temperature import TemperatureMixin as TemperatureMixin
