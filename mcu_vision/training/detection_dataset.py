"""Augmented frames with anchor targets, drawn forever or by the epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import IterableDataset

from mcu_vision.data.augment import Augmenter, AugmentOptions, View, corners, sizes_for_anchors, whole_photos
from mcu_vision.data.face_sample import FaceSample
from mcu_vision.data.image_cache import ImageCache
from mcu_vision.errors import UserError
from mcu_vision.models.anchors import make_anchors
from mcu_vision.models.detector_spec import DetectorSpec
from mcu_vision.training.anchor_matching import match_anchors
from mcu_vision.training.worker_stream import worker_stream

Batch = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class FrameOptions:
    """Which frames a detector learns from.

    face_share: of photos with faces among the drawn ones. source_weights: how often photos of a source are drawn, 1 by
    default. mosaics_until: part of the schedule after which frames are `whole_photos`. size: width and height of
    the frames in place of the model's input: faces are of the same sizes in smaller ones, and more of them are learned
    in the time.
    """

    face_share: float = 0.8
    source_weights: Mapping[str, float] = field(default_factory=dict)
    mosaics_until: float = 1.0
    size: tuple[int, int] | None = None


class DetectionFrames(IterableDataset[Batch]):
    """Batches of (image uint8 (B, C, H, W), labels int8 (B, A), box targets float32 (B, A, 4)).

    One pass gives `batches` batches of `batch` frames. Without `augment` the faces have the sizes that the anchors
    of `spec` can learn. Each epoch and each worker has its own random stream, which `seed` fixes. Raises UserError if
    the weights of the sources leave no photo.
    """

    def __init__(
        self,
        samples: Sequence[FaceSample],
        cache: ImageCache,
        spec: DetectorSpec,
        batch: int,
        batches: int,
        seed: int,
        augment: AugmentOptions | None = None,
        options: FrameOptions | None = None,
    ) -> None:
        self.options = options or FrameOptions()
        if self.options.size is not None:
            width, height = self.options.size
            spec = replace(spec, width=width, height=height)
        self.spec, self.batch, self.batches, self.seed = spec, batch, batches, seed
        self.augment = augment or sizes_for_anchors([level.anchor for level in spec.levels])
        self.cache = cache
        self._boxes = [corners(s.boxes) * np.float32(k) for s, k in zip(samples, cache.scales, strict=True)]
        self._ignore = [corners(s.ignore) * np.float32(k) for s, k in zip(samples, cache.scales, strict=True)]
        weights = np.array([self.options.source_weights.get(s.source, 1.0) for s in samples])
        has_face = np.array([len(s.boxes) > 0 for s in samples])
        self._with, self._without = _Draw(has_face, weights), _Draw(~has_face, weights)
        if not len(self._with) + len(self._without):
            raise UserError("no photo is left to learn from; give one source a weight above 0")
        self._anchors = make_anchors(spec)
        self.epoch, self._whole = 0, False

    def start_epoch(self, epoch: int, progress: float) -> None:
        """Choose the random stream of the next pass."""
        self.epoch = epoch
        self._whole = progress >= self.options.mosaics_until

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[Batch]:
        rng, own = worker_stream(self.seed, self.epoch, self.batches)
        augment = whole_photos(self.augment) if self._whole else self.augment
        augmenter = Augmenter(self.spec.width, self.spec.height, augment, rng)
        for _ in own:
            yield self._draw_batch(augmenter)

    def _draw_batch(self, augmenter: Augmenter) -> Batch:
        images, labels, targets = [], [], []
        for _ in range(self.batch):
            view = self._draw_view(augmenter)
            label, target = match_anchors(view.boxes, view.ignore, self._anchors, self.spec.variances)
            images.append(np.ascontiguousarray(view.pixels.transpose(2, 0, 1)))
            labels.append(label)
            targets.append(target)
        arrays = np.stack(images), np.stack(labels), np.stack(targets)
        image, label_batch, target_batch = (torch.from_numpy(a) for a in arrays)
        return image, label_batch, target_batch

    def _draw_view(self, augmenter: Augmenter) -> View:
        grid = augmenter.choose_grid()
        return augmenter.compose([self._draw_photo(augmenter.rng) for _ in range(grid * grid)], grid)

    def _draw_photo(self, rng: np.random.Generator) -> View:
        with_face = not len(self._without) or (len(self._with) > 0 and rng.random() < self.options.face_share)
        index = (self._with if with_face else self._without)(rng)
        return View(self.cache[index], self._boxes[index], self._ignore[index])


class _Draw:
    """Draws the places of True in `chosen`, by `weights` (both (N,))."""

    def __init__(self, chosen: npt.NDArray[np.bool_], weights: npt.NDArray[np.float64]) -> None:
        self._places = np.flatnonzero(chosen & (weights > 0))
        self._sums = np.cumsum(weights[self._places])

    def __len__(self) -> int:
        return len(self._places)

    def __call__(self, rng: np.random.Generator) -> int:
        return int(self._places[np.searchsorted(self._sums, rng.random() * self._sums[-1], side="right")])
