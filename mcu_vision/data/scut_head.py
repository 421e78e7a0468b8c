"""Reader of SCUT-HEAD (Peng et al., ICPR 2018), in PASCAL VOC layout.

<folder>/Annotations/*.xml, <folder>/JPEGImages/*.jpg, <folder>/ImageSets/Main/<split>.txt.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from mcu_vision.data.face_sample import FaceSample, to_boxes
from mcu_vision.errors import UserError


def read_scut_head(folder: Path, split: str) -> list[FaceSample]:
    """All samples of "train", "val", "trainval" or "test"; boxes marked difficult become ignore regions.

    Raises UserError if a file is missing or not as described.
    """
    listing = folder / "ImageSets" / "Main" / f"{split}.txt"
    if not listing.is_file():
        raise UserError(f"{listing} is missing; name the folder SCUT_HEAD_Part_A or _B of SCUT-HEAD")
    return [_parse(folder, stem) for stem in listing.read_text().split()]


def _parse(folder: Path, stem: str) -> FaceSample:
    path = folder / "Annotations" / f"{stem}.xml"
    boxes: dict[bool, list[list[float]]] = {False: [], True: []}
    try:
        for item in ElementTree.parse(path).getroot().iter("object"):
            x0, y0, x1, y1 = (float(item.findtext(f"bndbox/{k}", "")) for k in ("xmin", "ymin", "xmax", "ymax"))
            boxes[item.findtext("difficult", "0").strip() == "1"].append([x0, y0, x1 - x0, y1 - y0])
    except (OSError, ElementTree.ParseError, ValueError) as error:
        raise UserError(f"{path} is not a PASCAL VOC annotation: {error}") from error
    member = f"{stem}.jpg"
    return FaceSample(folder / "JPEGImages", member, to_boxes(boxes[False]), to_boxes(boxes[True]), source="scut")
