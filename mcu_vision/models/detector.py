"""Detectors: stages with a head after each of some, or a backbone, a neck and shared heads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, cast

from torch import Tensor, nn

from mcu_vision.models.blocks import DetectionHead
from mcu_vision.models.detector_spec import DetectorLevel, DetectorSpec

S3FD_ANCHORS = (16.0, 32.0, 64.0, 128.0, 256.0, 512.0)
"""Sides at strides 4, 8, ... 128 (Zhang et al., S3FD, 2017, table 1)."""


class Detector(nn.Module):
    """A network of head maps, which `spec` says how to decode.

    forward: image (N, channels, height, width) in [0, 1] to the flat tuple (loc_0, conf_0, loc_1, ...) of
    head maps (N, 4 or logits, H, W), in order of `spec.levels`.
    """

    def __init__(self, spec: DetectorSpec) -> None:
        super().__init__()
        self.spec = spec


class FaceDetector(Detector):
    """Runs `stages` in turn; each of the last `len(heads)` feeds its head, in order of `spec.levels`."""

    def __init__(self, spec: DetectorSpec, stages: Sequence[nn.Module], heads: Sequence[DetectionHead]) -> None:
        super().__init__(spec)
        if len(heads) != len(spec.levels) or len(heads) > len(stages):
            raise ValueError("a detector needs a head for each level and a stage for each head")
        self.stages = nn.ModuleList(stages)
        self.heads = nn.ModuleList(heads)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        maps: list[Tensor] = []
        without_head = len(self.stages) - len(self.heads)
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index >= without_head:
                maps.extend(self.heads[index - without_head](x))
        return tuple(maps)


class Backbone(Protocol):
    """What gives the maps of each stage, the largest first."""

    def features(self, x: Tensor) -> list[Tensor]: ...


class NeckDetector(Detector):
    """Maps of a backbone, joined by a neck, read by one head; taps: which of the maps, the largest first."""

    def __init__(
        self, spec: DetectorSpec, backbone: nn.Module, neck: nn.Module, head: nn.Module, taps: Sequence[int]
    ) -> None:
        super().__init__(spec)
        self.backbone, self.neck, self.head = backbone, neck, head
        self.taps = tuple(taps)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        maps = cast(Backbone, self.backbone).features(x)
        results: tuple[Tensor, ...] = self.head(self.neck([maps[tap] for tap in self.taps]))
        return results


def s3fd_spec() -> DetectorSpec:
    """640x480 RGB, six levels at strides 4..128, three background logits on the first."""
    levels = tuple(DetectorLevel(4 << i, anchor, 3 if i == 0 else 1) for i, anchor in enumerate(S3FD_ANCHORS))
    return DetectorSpec(width=640, height=480, channels=3, levels=levels)


def s3fd_heads(channels: Sequence[int], kernels: Sequence[int] = (3,) * 6) -> list[DetectionHead]:
    """Heads on maps of `channels`; the first three are L2-normalised with factors 10, 8 and 5."""
    scales = (10.0, 8.0, 5.0, None, None, None)
    return [
        DetectionHead(c, 3 if i == 0 else 1, scale, kernel)
        for i, (c, scale, kernel) in enumerate(zip(channels, scales, kernels, strict=True))
    ]
