"""From a Keras model to a file for a phone, or to a program compiled by XLA."""

from tfdynconv.export.report import ExportReport as ExportReport
from tfdynconv.export.tflite import to_tflite as to_tflite
from tfdynconv.export.xla import compile_xla as compile_xla
from tfdynconv.export.xla_report import XlaReport as XlaReport
