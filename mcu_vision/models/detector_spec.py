"""What decoding needs to know of a detector: its head maps, anchors and thresholds. Imports no torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class DetectorLevel:
    """One detection head: a location map of 4 channels and a score map of background_logits + 1.

    stride: input pixels a cell. anchor: side of the square anchor (input pixels), centred in each cell.
    With several background logits the largest counts (max-out); the face logit comes last.
    """

    stride: int
    anchor: float
    background_logits: int = 1


@dataclass(frozen=True)
class DetectorSpec:
    """Input size, heads in order of outputs (loc_0, conf_0, loc_1, ...), and how boxes are decoded.

    variances: scales of centre and log-size offsets (SSD). score_threshold: default for showing boxes.
    iou_threshold: of non-maximum suppression.
    """

    width: int
    height: int
    channels: int
    levels: tuple[DetectorLevel, ...]
    variances: tuple[float, float] = (0.1, 0.2)
    score_threshold: float = 0.5
    iou_threshold: float = 0.3

    def map_size(self, level: DetectorLevel) -> tuple[int, int]:
        """Rows and columns of a head's maps."""
        return -(-self.height // level.stride), -(-self.width // level.stride)

    def to_json(self) -> dict[str, Any]:
        """As JSON values; `from_json` reads it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> DetectorSpec:
        """The inverse of `to_json`."""
        levels = tuple(DetectorLevel(**level) for level in values["levels"])
        first, second = values["variances"]
        return cls(**{**values, "levels": levels, "variances": (first, second)})
