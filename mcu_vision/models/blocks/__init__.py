"""Building blocks that the networks share; all maps are (N, C, H, W)."""

from mcu_vision.models.blocks.convolutions import (
    Norm,
    asymmetric,
    conv_bn,
    friendly_separable,
    normalization,
    scale_channels,
    separable,
)
from mcu_vision.models.blocks.heads import AnchorHead, DetectionHead, L2Norm, SsdLiteHead, TowerHead
from mcu_vision.models.blocks.inverted_bottleneck import FusedMBConv, MBConv, Tucker, mbconv_stack
from mcu_vision.models.blocks.necks import FeaturePyramid, LightNeck
from mcu_vision.models.blocks.shuffle import ShuffleUnit, shuffle_stack

__all__ = [
    "AnchorHead",
    "DetectionHead",
    "FeaturePyramid",
    "FusedMBConv",
    "L2Norm",
    "LightNeck",
    "MBConv",
    "Norm",
    "ShuffleUnit",
    "SsdLiteHead",
    "TowerHead",
    "Tucker",
    "asymmetric",
    "conv_bn",
    "friendly_separable",
    "mbconv_stack",
    "normalization",
    "scale_channels",
    "separable",
    "shuffle_stack",
]
