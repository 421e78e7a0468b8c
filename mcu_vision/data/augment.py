"""Random views of annotated photos for detector training (S3FD recipe, Zhang et al. 2017, section 3.4).

Crops zoom in and out so that faces fall where the anchors are; several photos may share a frame; then
flip and `distort`. Boxes here are (x0, y0, x1, y1) in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from PIL import Image

from mcu_vision.data.distort import distort
from mcu_vision.data.letterbox import PADDING

FloatArray = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class AugmentOptions:
    """Probabilities and ranges; sizes are the square root of a face's area, in frame pixels.

    A photo is shown whole with probability `whole_photo`, else so that one of its faces gets a size drawn
    from `face_size` (log-uniform), but never smaller than `smallest_zoom` times whole, nor enlarged more
    than `largest_zoom`. Faces outside smallest_face..largest_face are ignored. grids: probability of
    1, 2, ... photos along each side of a frame; more photos make smaller faces without empty frames.
    few_pixels: probability that a photo is drawn at `fewest_pixels` to 1 times its size and enlarged: cameras show
    far faces that soft, faces made small from large ones are sharper.
    """

    face_size: tuple[float, float] = (8.0, 110.0)
    smallest_face: float = 6.0
    largest_face: float = 150.0
    largest_zoom: float = 3.0
    whole_photo: float = 0.2
    smallest_zoom: float = 0.75
    grids: tuple[float, ...] = (0.4, 0.35, 0.15, 0.1)
    few_pixels: float = 0.3
    fewest_pixels: float = 0.4
    blur: float = 0.15
    noise: float = 0.2
    low_light: float = 0.15


def sizes_for_anchors(anchors: Sequence[float], options: AugmentOptions | None = None) -> AugmentOptions:
    """`options` with the face sizes that anchors of these sides (px) can learn.

    They are drawn from the smallest side to 2.3 times the largest; faces of three quarters to three times are trained
    where they occur.
    """
    smallest, largest = min(anchors), max(anchors)
    return replace(
        options or AugmentOptions(),
        face_size=(smallest, 2.3 * largest),
        smallest_face=0.75 * smallest,
        largest_face=3.1 * largest,
    )


def whole_photos(options: AugmentOptions) -> AugmentOptions:
    """`options` with frames more like those of a camera: most often one photo, which is mostly whole.

    Detectors gain by ending their training so (YOLOX, Ge et al. 2021, section 2.1, which ends without mosaics).
    """
    return replace(options, whole_photo=0.6, grids=(0.75, 0.25))


@dataclass(frozen=True)
class View:
    """An image (H, W, C) uint8 with face boxes and ignore regions, each (N, 4)."""

    pixels: Pixels
    boxes: FloatArray
    ignore: FloatArray


def corners(boxes: FloatArray) -> FloatArray:
    """x, y, width, height to x0, y0, x1, y1."""
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)


class Augmenter:
    """Draws views of (height, width) pixels; all randomness comes from `rng`."""

    def __init__(self, width: int, height: int, options: AugmentOptions, rng: np.random.Generator) -> None:
        self.width, self.height, self.options, self.rng = width, height, options, rng

    def choose_grid(self) -> int:
        """Photos along each side of the next frame."""
        return 1 + int(self.rng.choice(len(self.options.grids), p=self.options.grids))

    def compose(self, photos: list[View], grid: int) -> View:
        """A frame of grid*grid photos, each in a cell of random size."""
        columns, rows = self._edges(self.width, grid), self._edges(self.height, grid)
        frame = np.empty((self.height, self.width, photos[0].pixels.shape[2]), np.uint8)
        boxes, ignore = [], []
        for index, photo in enumerate(photos):
            (x0, x1), (y0, y1) = columns[index % grid], rows[index // grid]
            part = self._crop(photo, x1 - x0, y1 - y0)
            frame[y0:y1, x0:x1] = part.pixels
            shift = np.array([x0, y0, x0, y0], np.float32)
            boxes.append(part.boxes + shift)
            ignore.append(part.ignore + shift)
        return self._finish(View(frame, np.concatenate(boxes), np.concatenate(ignore)))

    def _edges(self, length: int, grid: int) -> list[tuple[int, int]]:
        inner = (np.arange(1, grid) + self.rng.uniform(-0.2, 0.2, grid - 1)) * length / grid
        edges = [0, *(int(edge) for edge in inner), length]
        return list(pairwise(edges))

    def _crop(self, photo: View, width: int, height: int) -> View:
        """Map a random window of the photo, which may reach beyond it, to width x height."""
        rows, columns = photo.pixels.shape[:2]
        fit = min(width / columns, height / rows)
        if self.rng.random() < self.options.whole_photo:
            scale_x = scale_y = fit
            left, top = (columns - width / fit) / 2, (rows - height / fit) / 2
        else:
            scale_x, scale_y, left, top = self._choose_window(photo, width, height, fit)
        pixels = self._render(photo.pixels, (width, height), (scale_x, scale_y), (left, top))
        move = np.array([left, top, left, top], np.float32)
        zoom = np.array([scale_x, scale_y, scale_x, scale_y], np.float32)
        boxes, lost = self._clip((photo.boxes - move) * zoom, width, height)
        ignore, _ = self._clip((photo.ignore - move) * zoom, width, height, needed=0.0)
        return View(pixels, boxes, np.concatenate([ignore, lost]))

    def _choose_window(self, photo: View, width: int, height: int, fit: float) -> tuple[float, float, float, float]:
        rows, columns = photo.pixels.shape[:2]
        aspect = self.rng.uniform(0.87, 1.15)
        if len(photo.boxes):
            box = photo.boxes[self.rng.integers(len(photo.boxes))]
            size = float(np.sqrt(max((box[2] - box[0]) * (box[3] - box[1]), 1.0)))
            low, high = np.log(self.options.face_size)
            high = min(high, np.log(0.7 * min(width, height)))
            low = min(low, high)  # in the cell of a grid
            scale = float(np.exp(self.rng.uniform(low, high))) / size
            centre_x, centre_y = float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2
        else:
            scale = fit * float(np.exp(self.rng.uniform(np.log(0.6), np.log(2.5))))
            centre_x, centre_y = columns * self.rng.random(), rows * self.rng.random()
        scale = min(max(scale, fit * self.options.smallest_zoom), self.options.largest_zoom)
        scale_x, scale_y = scale * aspect**0.5, scale / aspect**0.5
        # The chosen point lies anywhere in the frame but near its edge; the photo then slides to cover it.
        left = centre_x - width / scale_x * self.rng.uniform(0.15, 0.85)
        top = centre_y - height / scale_y * self.rng.uniform(0.15, 0.85)
        if self.rng.random() < 0.7:
            left = _slide(left, width / scale_x, columns)
            top = _slide(top, height / scale_y, rows)
        return scale_x, scale_y, left, top

    def _render(
        self, pixels: Pixels, size: tuple[int, int], scale: tuple[float, float], origin: tuple[float, float]
    ) -> Pixels:
        rows, columns, channels = pixels.shape
        x0, x1 = (int(np.clip(round((edge - origin[0]) * scale[0]), 0, size[0])) for edge in (0, columns))
        y0, y1 = (int(np.clip(round((edge - origin[1]) * scale[1]), 0, size[1])) for edge in (0, rows))
        fill = PADDING if self.rng.random() < 0.6 else int(self.rng.integers(256))
        frame = np.full((size[1], size[0], channels), fill, np.uint8)
        if x1 <= x0 or y1 <= y0:
            return frame
        window = (
            max(0.0, x0 / scale[0] + origin[0]),
            max(0.0, y0 / scale[1] + origin[1]),
            min(float(columns), x1 / scale[0] + origin[0]),
            min(float(rows), y1 / scale[1] + origin[1]),
        )
        if window[2] - window[0] < 1 or window[3] - window[1] < 1:
            return frame
        image = Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels)
        part = self._resize(image, window, (x1 - x0, y1 - y0))
        frame[y0:y1, x0:x1] = np.asarray(part).reshape(y1 - y0, x1 - x0, channels)
        return frame

    def _resize(
        self, image: Image.Image, window: tuple[float, float, float, float], size: tuple[int, int]
    ) -> Image.Image:
        """The window at `size`, perhaps by way of fewer pixels."""
        soft = self.rng.random() < self.options.few_pixels
        share = self.rng.uniform(self.options.fewest_pixels, 1.0) if soft else 1.0
        few = (max(1, round(size[0] * share)), max(1, round(size[1] * share)))
        part = image.resize(few, Image.Resampling.BILINEAR, box=window)
        return part.resize(size, Image.Resampling.BILINEAR) if soft else part

    def _clip(self, boxes: FloatArray, width: int, height: int, needed: float = 0.6) -> tuple[FloatArray, FloatArray]:
        """Boxes of which enough is visible and whose size is trained, and the rest of the visible ones."""
        clipped = np.clip(boxes, 0, np.array([width, height, width, height], np.float32))
        area = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 1e-6), axis=1)
        side = np.maximum(clipped[:, 2:] - clipped[:, :2], 0)
        visible = np.prod(side, axis=1) / area
        size = np.sqrt(area)
        good = (visible >= needed) & (side.min(axis=1, initial=1e9) > 1)
        if needed > 0:
            good &= (size >= self.options.smallest_face) & (size <= self.options.largest_face)
        return clipped[good].astype(np.float32), clipped[~good & (visible > 0.05)].astype(np.float32)

    def _finish(self, view: View) -> View:
        pixels, boxes, ignore = view.pixels, view.boxes, view.ignore
        if self.rng.random() < 0.5:
            pixels = pixels[:, ::-1]
            boxes, ignore = (_mirror(b, self.width) for b in (boxes, ignore))
        o = self.options
        pixels = distort(pixels, self.rng, o.blur, o.noise, o.low_light)
        return View(pixels, boxes, ignore)


def _mirror(boxes: FloatArray, width: int) -> FloatArray:
    return np.stack([width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]], axis=1)


def _slide(start: float, length: float, limit: float) -> float:
    """Move a window inside [0, limit], or around it if it is longer."""
    low, high = min(0.0, limit - length), max(0.0, limit - length)
    return min(max(start, low), high)
