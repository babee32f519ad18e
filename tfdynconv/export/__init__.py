"""From a Keras model to a file for a phone."""

from tfdynconv.export.report import ExportReport as ExportReport
from tfdynconv.export.tflite import to_tflite as to_tflite
