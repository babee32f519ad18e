"""Scalars and histograms for TensorBoard, written without the package `tensorboard`, which only who looks needs."""

import numpy as np
import tensorflow as tf

BUCKETS = 30


class EventFile:
    """Summaries in the form that TensorBoard's pages "Time series", "Scalars" and "Histograms" read."""

    def __init__(self, folder):
        self.writer = tf.summary.create_file_writer(str(folder))

    def write(self, epoch, scalars, histograms):
        """`{name: number}` and `{name: array}` of one epoch."""
        with self.writer.as_default():
            for name, value in scalars.items():
                tf.summary.write(name, tf.constant(value, tf.float32), epoch, metadata("scalars", "DATA_CLASS_SCALAR"))
            for name, values in histograms.items():
                buckets = tf.constant(histogram(values), tf.float64)
                tf.summary.write(name, buckets, epoch, metadata("histograms", "DATA_CLASS_TENSOR"))
        self.writer.flush()

    def close(self):
        self.writer.close()


def metadata(plugin, data_class):
    made = tf.compat.v1.SummaryMetadata(data_class=data_class)
    made.plugin_data.plugin_name = plugin
    return made


def histogram(values):
    """`[buckets, 3]`: left edge, right edge and count of each.

    >>> histogram(np.array([0.0, 1.0, 1.0]))[[0, -1]].round(3).tolist()
    [[0.0, 0.033, 1.0], [0.967, 1.0, 2.0]]
    """
    counts, edges = np.histogram(values, BUCKETS)
    return np.stack([edges[:-1], edges[1:], counts], 1)
