"""RNNPool-Face-M4: 320x240 gray, for a Cortex-M4 (RNNPool paper, section 6.3 and table 5)."""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from mcu_vision.models.blocks import DetectionHead, MBConv, conv_bn
from mcu_vision.models.detector import FaceDetector
from mcu_vision.models.detector_spec import DetectorLevel, DetectorSpec
from mcu_vision.models.face_levels import FACE_LEVELS, SCORE_THRESHOLD
from mcu_vision.models.rnnpool import RNNPool

SPEC = DetectorSpec(width=320, height=240, channels=1, score_threshold=0.7, levels=FACE_LEVELS)
"""At this score the shipped weights mark one of 43 faceless validation photos."""
WIDE_SPEC = replace(
    SPEC,
    score_threshold=SCORE_THRESHOLD,
    levels=(*SPEC.levels, DetectorLevel(stride=32, anchor=88.0), DetectorLevel(stride=32, anchor=152.0)),
)
"""Two more anchors, each about 1.8 times the one before, so that faces from 8 to 200 px have one near their size."""
PAPER_DENSITY = (0.5, 0.3, 0.3, 0.3)
"""Share of non-zero pooling weights in table 5: half of W of the first cell, 30 % of the others."""


def face_m4(density: tuple[float, float, float, float] | None = None) -> FaceDetector:
    """The network with fresh weights; density: of the pooling matrices, as of RNNPool."""
    stages, heads = _stages(density), _heads()
    return FaceDetector(SPEC, stages, heads)


def face_m4_wide() -> FaceDetector:
    """Ours: Face-M4 and two more blocks at stride 32, whose few cells cost little, for faces up to close-ups."""
    stages = [*_stages(None), MBConv(64, 96, 2, 2), MBConv(96, 96, 1, 2)]
    heads = [*_heads(), DetectionHead(96, 1, None), DetectionHead(96, 1, None)]
    return FaceDetector(WIDE_SPEC, stages, heads)


def _stages(density: tuple[float, float, float, float] | None) -> list[nn.Module]:
    pool = RNNPool(4, 16, 16, patch=8, stride=4, replicate_last=True, density=density)
    stem = nn.Sequential(conv_bn(1, 4, 3, 2), pool)
    return [stem, MBConv(64, 32, 1, 2), MBConv(32, 32, 1, 2), MBConv(32, 64, 2, 2), MBConv(64, 64, 1, 2)]


def _heads() -> list[DetectionHead]:
    return [
        DetectionHead(32, 3, 10.0),
        DetectionHead(32, 1, 8.0),
        DetectionHead(64, 1, 5.0),
        DetectionHead(64, 1, None),
    ]
