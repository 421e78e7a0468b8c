"""RNNPool-Face-A, -B and -C: 640x480 RGB, the pool straight on the image (RNNPool paper, table 4)."""

from __future__ import annotations

from torch import nn

from mcu_vision.models.blocks import conv_bn, mbconv_stack, separable
from mcu_vision.models.detector import FaceDetector, s3fd_heads, s3fd_spec
from mcu_vision.models.rnnpool import RNNPool


def face_a() -> FaceDetector:
    """The smallest: depthwise separable layers, then MBConv."""
    pool = RNNPool(3, 4, 4, patch=8, stride=4, replicate_last=True)
    stages = [
        nn.Sequential(pool, *(separable(16, 16) for _ in range(4))),
        nn.Sequential(separable(16, 16, 2), mbconv_stack(16, 16, 3, 1, 1)),
        mbconv_stack(16, 24, 3, 2, 1),
        mbconv_stack(24, 32, 2, 2, 1),
        mbconv_stack(32, 128, 1, 2, 2),
        mbconv_stack(128, 160, 1, 2, 2),
    ]
    return FaceDetector(s3fd_spec(), stages, s3fd_heads((16, 16, 24, 32, 128, 160)))


def face_b() -> FaceDetector:
    """Full convolutions first, then MBConv of expansion 6."""
    pool = RNNPool(3, 6, 6, patch=8, stride=4, replicate_last=True)
    stages = [
        nn.Sequential(pool, *(conv_bn(24, 24, 3) for _ in range(4))),
        nn.Sequential(conv_bn(24, 96, 3, 2), conv_bn(96, 32, 1), mbconv_stack(32, 32, 3, 1, 6)),
        mbconv_stack(32, 64, 3, 2, 6),
        mbconv_stack(64, 128, 2, 2, 6),
        mbconv_stack(128, 160, 1, 2, 6),
        mbconv_stack(160, 320, 1, 2, 6),
    ]
    return FaceDetector(s3fd_spec(), stages, s3fd_heads((24, 32, 64, 128, 160, 320)))


def face_c() -> FaceDetector:
    """MBConv of expansion 6 throughout; wider head kernels on the fine levels, as in EdgeML's code."""
    pool = RNNPool(3, 16, 16, patch=8, stride=4, replicate_last=True)
    stages = [
        nn.Sequential(pool, mbconv_stack(64, 24, 2, 1, 6)),
        mbconv_stack(24, 32, 3, 2, 6),
        mbconv_stack(32, 64, 4, 2, 6),
        mbconv_stack(64, 96, 3, 2, 6),
        mbconv_stack(96, 160, 2, 2, 6),
        mbconv_stack(160, 320, 1, 2, 6),
    ]
    heads = s3fd_heads((24, 32, 64, 96, 160, 320), (5, 5, 5, 1, 1, 3))
    return FaceDetector(s3fd_spec(), stages, heads)
