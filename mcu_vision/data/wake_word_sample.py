"""One photo of a wake-word data set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from mcu_vision.data.image_file import read_image


@dataclass(frozen=True)
class WakeWordSample:
    """A photo with label 1 if it shows a person, else 0.

    teacher: probability of a person by other networks, for distillation. annotated: the label comes from
    persons' boxes drawn by people. person_share: part of the photo that the largest person covers, in [0, 1].
    """

    container: Path
    member: str
    label: int
    teacher: float
    source: str
    annotated: bool = False
    person_share: float = 0.0

    def read_image(self) -> Image.Image:
        """Decode the photo. Raises UserError if it is missing or broken."""
        return read_image(self.container, self.member)
