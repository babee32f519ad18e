"""What belongs to training dynamic layers: callbacks for `model.fit`."""

from tfdynconv.training.temperature_schedule import TemperatureSchedule as TemperatureSchedule
