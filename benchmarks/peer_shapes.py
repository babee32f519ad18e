"""The ten shapes that peers are timed on: those of the layer table and three more that networks have."""

from benchmarks.shapes import TRAINING, Shape

PEERS = [
    *TRAINING,
    Shape(32, 14, 256, 256, 3),  # the third stage of a ResNet-18
    Shape(32, 7, 512, 512, 1),  # 1x1 with more weights than pixels
    Shape(32, 56, 24, 144, 1),  # an expansion of a MobileNetV2
]
QUICK = [TRAINING[0], TRAINING[3]]
EXPERTS = 8
KINDS = ("forward", "training")
