"""What belongs to training dynamic layers: callbacks for `model.fit`, regularizers."""

from tfdynconv.training.mask_orthogonality import MaskOrthogonality as MaskOrthogonality
from tfdynconv.training.routing_monitor import RoutingMonitor as RoutingMonitor
from tfdynconv.training.temperature_schedule import TemperatureSchedule as TemperatureSchedule
