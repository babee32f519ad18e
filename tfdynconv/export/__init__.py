"""From a Keras model to a file for a phone, to a program compiled by XLA, and to the compiler of a TPU."""

from tfdynconv.export.report import ExportReport as ExportReport
from tfdynconv.export.tflite import to_tflite as to_tflite
from tfdynconv.export.tpu import compile_tpu as compile_tpu
from tfdynconv.export.tpu_report import TpuReport as TpuReport
from tfdynconv.export.xla import compile_xla as compile_xla
from tfdynconv.export.xla_report import XlaReport as XlaReport
