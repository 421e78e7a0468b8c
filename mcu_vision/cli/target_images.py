"""Images for a board, with what is known of them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from mcu_vision.cli.photos import SAMPLE, find_photos, load_photo
from mcu_vision.data.face_folder import read_face_folder
from mcu_vision.data.face_sample import FaceSample
from mcu_vision.data.letterbox import letterbox
from mcu_vision.errors import UserError
from mcu_vision.ir import Graph


@dataclass(frozen=True)
class TargetImage:
    """A photo by name. `faces`: what is marked in it, `label`: the number of its class; None: not known."""

    name: str
    path: Path | None = None
    faces: FaceSample | None = None
    label: int | None = None

    def photo(self) -> Image.Image:
        """The photo, upright, RGB."""
        return self.faces.read_image() if self.faces is not None else load_photo(self.path)

    def frame(self, graph: Graph) -> npt.NDArray[np.uint8]:
        """As the model takes it: uint8 (H, W, C)."""
        _, height, width, channels = graph.input.shape
        return letterbox(self.photo(), width, height, channels)[0]


def target_images(graph: Graph, photos: list[Path], labelled: Path | None, count: int) -> list[TargetImage]:
    """Up to `count` images: those labelled, evenly over their classes, then photos; the sample if neither is named.

    Raises UserError if there are none, or labels that the model does not have.
    """
    found: list[TargetImage] = []
    if labelled is not None:
        is_detector = graph.metadata.get("task") == "detect"
        found = _faces(labelled, count) if is_detector else _classes(graph, labelled)
    paths = [path for place in photos for path in find_photos(place)]
    if not found and not paths:
        if photos or labelled is not None:
            raise UserError(f"no photos in {', '.join(map(str, [*photos, labelled or ''])).rstrip(', ')}")
        paths = [SAMPLE]
    return [*found, *(TargetImage(path.name, path) for path in paths)][:count]


def _faces(folder: Path, count: int) -> list[TargetImage]:
    _, held_out = read_face_folder(folder)
    step = max(1, len(held_out) // count)
    return [TargetImage(f"photo {index}", faces=held_out[index]) for index in range(0, len(held_out), step)]


def _classes(graph: Graph, folder: Path) -> list[TargetImage]:
    if not folder.is_dir():
        raise UserError(f"no folder {folder}: name one with a folder of photos for each class")
    names = sorted(place.name for place in folder.iterdir() if place.is_dir())
    labels = list(graph.metadata.get("labels", [])) or names
    unknown = [name for name in names if name not in labels]
    if unknown:
        raise UserError(f"{folder} has {unknown[0]!r}, which is no class of {graph.name}: {', '.join(labels)}")
    groups = [[TargetImage(p.name, p, label=labels.index(name)) for p in find_photos(folder / name)] for name in names]
    longest = max((len(group) for group in groups), default=0)
    return [group[i] for i in range(longest) for group in groups if i < len(group)]
