"""A detector of three savings, after Chunghwa Telecom's: light neck, separable head, fused losses.

EfficientNet-Lite, its maps resized to one size and joined by one convolution, depthwise separable towers; the losses
are `training.fused_loss`. Published of the original: 4.68 MB of parameters, 8.96 GOP an image, mAP 49.25 %, 128.4 ms on
a Drive PX2. The layers behind these figures are not published; ours follow its description.
"""

from __future__ import annotations

from torch import nn

from mcu_vision.models.blocks import AnchorHead, FeaturePyramid, LightNeck, TowerHead
from mcu_vision.models.detector import NeckDetector
from mcu_vision.models.detector_spec import DetectorLevel, DetectorSpec
from mcu_vision.models.efficientnet_lite import SCALES, LiteBackbone

TAPS = (-5, -3, -1)
"""The last maps of the backbone at strides 8, 16 and 32."""
STRIDES = (8, 16, 32)
FULL_ANCHORS = (32.0, 80.0, 200.0)
MCU_ANCHORS = (16.0, 36.0, 80.0)


def cht_detector(
    width: int,
    height: int,
    anchors: tuple[float, float, float],
    backbone: LiteBackbone,
    channels: int,
    depth: int,
    light_neck: bool = True,
    separable_head: bool = True,
) -> NeckDetector:
    """The detector of a backbone; channels, depth: of neck and towers.

    Without `light_neck` a feature pyramid joins the maps, and each of its levels has the anchor of its size; without
    `separable_head` the towers are regular 3x3 convolutions: the twin that the savings are measured against.
    """
    inputs = [backbone.channels[tap] for tap in TAPS]
    strides = (STRIDES[0],) * 3 if light_neck else STRIDES
    levels = tuple(DetectorLevel(stride, anchor) for stride, anchor in zip(strides, anchors, strict=True))
    spec = DetectorSpec(width=width, height=height, channels=3, levels=levels)
    neck: nn.Module
    head: nn.Module
    if light_neck:
        neck = LightNeck(inputs, channels, level=0)
        head = AnchorHead(channels, len(levels), depth, separable_head)
    else:
        neck = FeaturePyramid(inputs, channels)
        head = TowerHead(channels, depth, separated=separable_head)
    return NeckDetector(spec, backbone, neck, head, TAPS)


def cht_det(number: int = 2, pool: bool = False, light_neck: bool = True, separable_head: bool = True) -> NeckDetector:
    """Full size: EfficientNet-Lite2 or 3 on 640x480 RGB, with fresh weights; pool: an RNNPool as the stem."""
    width, depth, _ = SCALES[number]
    backbone = LiteBackbone(width, depth, pool=pool)
    return cht_detector(640, 480, FULL_ANCHORS, backbone, 96, 3, light_neck, separable_head)


def cht_det_mcu(pool: bool = False, light_neck: bool = True, separable_head: bool = True) -> NeckDetector:
    """For 256 KB: a third of Lite0's width on 128x128 RGB, with fresh weights; pool: an RNNPool as the stem."""
    backbone = LiteBackbone(0.35, 0.5, stem=16, pool=pool)
    return cht_detector(128, 128, MCU_ANCHORS, backbone, 48, 2, light_neck, separable_head)
