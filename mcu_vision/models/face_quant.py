"""RNNPool-Face-Quant: 640x480 RGB with two convolutions ahead of the pool (RNNPool paper, table 4)."""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from mcu_vision.models.blocks import DetectionHead, conv_bn, mbconv_stack
from mcu_vision.models.detector import FaceDetector, s3fd_heads, s3fd_spec
from mcu_vision.models.rnnpool import RNNPool

SCORE_THRESHOLD = 0.85
"""At which the shipped weights mark 2 of 43 faceless validation photos."""


def face_quant() -> FaceDetector:
    """The network with fresh weights; its first head taps the convolutions, at stride 2, and halves."""
    pool = RNNPool(4, 8, 8, patch=8, stride=4, replicate_last=True)
    stages = [
        nn.Sequential(conv_bn(3, 4, 3, 2), conv_bn(4, 4, 3)),
        nn.Sequential(pool, mbconv_stack(32, 16, 4, 1, 2)),
        mbconv_stack(16, 24, 4, 2, 2),
        mbconv_stack(24, 32, 2, 2, 2),
        mbconv_stack(32, 64, 1, 2, 2),
        mbconv_stack(64, 96, 1, 2, 2),
    ]
    tap = DetectionHead(4, 3, 10.0, halve_to=8)
    rest = s3fd_heads((4, 16, 24, 32, 64, 96))[1:]
    return FaceDetector(replace(s3fd_spec(), score_threshold=SCORE_THRESHOLD), stages, [tap, *rest])
