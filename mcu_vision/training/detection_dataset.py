"""Augmented frames with anchor targets, drawn forever or by the epoch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset

from mcu_vision.data.augment import Augmenter, AugmentOptions, View, corners, sizes_for_anchors
from mcu_vision.data.face_sample import FaceSample
from mcu_vision.data.image_cache import ImageCache
from mcu_vision.models.anchors import make_anchors
from mcu_vision.models.detector_spec import DetectorSpec
from mcu_vision.training.anchor_matching import match_anchors
from mcu_vision.training.worker_stream import worker_stream

Batch = tuple[Tensor, Tensor, Tensor]


class DetectionFrames(IterableDataset[Batch]):
    """Batches of (image uint8 (B, C, H, W), labels int8 (B, A), box targets float32 (B, A, 4)).

    One pass gives `batches` batches of `batch` frames. Photos with faces are drawn for `face_share` of the
    places. Without `options` the faces have the sizes that the anchors of `spec` can learn. Each epoch and each
    worker has its own random stream, which `seed` fixes.
    """

    def __init__(
        self,
        samples: Sequence[FaceSample],
        cache: ImageCache,
        spec: DetectorSpec,
        batch: int,
        batches: int,
        seed: int,
        options: AugmentOptions | None = None,
        face_share: float = 0.8,
    ) -> None:
        self.spec, self.batch, self.batches, self.seed = spec, batch, batches, seed
        self.options = options or sizes_for_anchors([level.anchor for level in spec.levels])
        self.face_share = face_share
        self.cache = cache
        self._boxes = [corners(s.boxes) * np.float32(k) for s, k in zip(samples, cache.scales, strict=True)]
        self._ignore = [corners(s.ignore) * np.float32(k) for s, k in zip(samples, cache.scales, strict=True)]
        self._with = np.flatnonzero([len(s.boxes) > 0 for s in samples])
        self._without = np.flatnonzero([len(s.boxes) == 0 for s in samples])
        self._anchors = make_anchors(spec)
        self.epoch = 0

    def start_epoch(self, epoch: int, progress: float) -> None:
        """Choose the random stream of the next pass."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[Batch]:
        rng, own = worker_stream(self.seed, self.epoch, self.batches)
        augmenter = Augmenter(self.spec.width, self.spec.height, self.options, rng)
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
        with_face = not len(self._without) or (len(self._with) > 0 and rng.random() < self.face_share)
        index = int(rng.choice(self._with if with_face else self._without))
        return View(self.cache[index], self._boxes[index], self._ignore[index])
