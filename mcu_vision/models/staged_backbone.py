"""What detectors' and classifiers' backbones have in common."""

from __future__ import annotations

from torch import Tensor, nn


class StagedBackbone(nn.Module):
    """A stem, then stages, each of which reads the one before."""

    stem: nn.Module
    stages: nn.ModuleList

    def features(self, x: Tensor) -> list[Tensor]:
        """The map of each stage (N, C, H, W), in order, of an image (N, C, H, W)."""
        maps = []
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps
