"""RNNPool-Face-M4: 320x240 gray, for a Cortex-M4 (RNNPool paper, section 6.3 and table 5)."""

from __future__ import annotations

from torch import nn

from mcu_vision.models.blocks import DetectionHead, MBConv, conv_bn
from mcu_vision.models.detector import FaceDetector
from mcu_vision.models.detector_spec import DetectorLevel, DetectorSpec
from mcu_vision.models.rnnpool import RNNPool

SPEC = DetectorSpec(
    width=320,
    height=240,
    channels=1,
    score_threshold=0.55,
    levels=(
        DetectorLevel(stride=8, anchor=8.0, background_logits=3),
        DetectorLevel(stride=8, anchor=16.0),
        DetectorLevel(stride=16, anchor=32.0),
        DetectorLevel(stride=16, anchor=48.0),
    ),
)


def face_m4() -> FaceDetector:
    """The network with fresh weights."""
    pool = RNNPool(4, 16, 16, patch=8, stride=4, replicate_last=True)
    stem = nn.Sequential(conv_bn(1, 4, 3, 2), pool)
    blocks = [MBConv(64, 32, 1, 2), MBConv(32, 32, 1, 2), MBConv(32, 64, 2, 2), MBConv(64, 64, 1, 2)]
    heads = [
        DetectionHead(32, 3, 10.0),
        DetectionHead(32, 1, 8.0),
        DetectionHead(64, 1, 5.0),
        DetectionHead(64, 1, None),
    ]
    return FaceDetector(SPEC, [stem, *blocks], heads)
