"""A face detector: a stem, stages, and a detection head after each of them."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from mcu_vision.models.blocks import DetectionHead
from mcu_vision.models.detector_spec import DetectorSpec


class FaceDetector(nn.Module):
    """Runs `stages` in turn; the output of the last `len(spec.levels)` ones feeds a head each.

    forward: image (N, channels, height, width) in [0, 1] to the flat tuple (loc_0, conf_0, loc_1, ...) of
    head maps (N, 4 or logits, H, W). head_channels: inputs of the heads. l2_scales: see DetectionHead.
    """

    def __init__(
        self,
        spec: DetectorSpec,
        stages: Sequence[nn.Module],
        head_channels: Sequence[int],
        l2_scales: Sequence[float | None],
    ) -> None:
        super().__init__()
        self.spec = spec
        self.stages = nn.ModuleList(stages)
        self.heads = nn.ModuleList(
            DetectionHead(channels, level.background_logits, scale)
            for channels, level, scale in zip(head_channels, spec.levels, l2_scales, strict=True)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        maps: list[Tensor] = []
        without_head = len(self.stages) - len(self.heads)
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index >= without_head:
                maps.extend(self.heads[index - without_head](x))
        return tuple(maps)
