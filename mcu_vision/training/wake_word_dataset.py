"""Augmented squares with soft targets, balanced over sources, drawn by the epoch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import IterableDataset

from mcu_vision.data.square_cache import Squares
from mcu_vision.data.wake_word_sample import WakeWordSample
from mcu_vision.training.worker_stream import worker_stream

Batch = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class WakeWordOptions:
    """teacher_weight: part of the teacher in a target, the label has the rest.

    annotated_factor: how much more often photos annotated by people are drawn. source_power: a photo's
    weight is (photos of its source) ** -source_power: 0 draws photos alike, 1 draws sources alike.
    smallest_crop: part of the photo's area that a crop keeps at least; `safe_crop` where a person is small
    enough (`small_person` of the area) to be cut away easily. stretch: largest change of aspect ratio.
    colour: largest relative change of brightness, contrast and saturation. gray: share of gray photos.
    enlarged: share of views shown at `enlarged_from` to 1 times the input and enlarged, as photos of few pixels are.
    mixed: Beta parameter of the weights of another photo blended into each (mixup; 0: none).
    small_until: part of the schedule that trains on inputs `small_input` times as wide, which are faster.
    """

    teacher_weight: float = 0.7
    annotated_factor: float = 6.0
    source_power: float = 0.25
    smallest_crop: float = 0.35
    safe_crop: float = 0.7
    small_person: float = 0.15
    stretch: float = 1.33
    colour: float = 0.3
    gray: float = 0.05
    enlarged: float = 0.3
    enlarged_from: float = 0.6
    mixed: float = 0.1
    small_until: float = 0.35
    small_input: float = 0.75


class WakeWordSquares(IterableDataset[Batch]):
    """Batches of (image uint8 (B, 3, size, size), probability of a person float32 (B,)).

    One pass gives `batches` batches of `batch` photos, smaller ones early in the schedule. Each epoch and each
    worker has its own random stream, which `seed` fixes.
    """

    def __init__(
        self,
        samples: Sequence[WakeWordSample],
        squares: Squares,
        size: int,
        batch: int,
        batches: int,
        seed: int,
        options: WakeWordOptions | None = None,
    ) -> None:
        self.squares, self.batch, self.batches, self.seed = squares, batch, batches, seed
        self.size = self.full_size = size
        self.options = options or WakeWordOptions()
        self.epoch = 0
        self._targets = soft_targets(samples, self.options.teacher_weight)
        self._cumulative = np.cumsum(draw_weights(samples, self.options))
        small = [s.label == 1 and s.person_share < self.options.small_person for s in samples]
        self._smallest = np.where(small, self.options.safe_crop, self.options.smallest_crop)

    def start_epoch(self, epoch: int, progress: float) -> None:
        """Choose the random stream and the size of the next pass."""
        self.epoch = epoch
        early = progress < self.options.small_until
        self.size = round(self.full_size * self.options.small_input) if early else self.full_size

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[Batch]:
        rng, own = worker_stream(self.seed, self.epoch, self.batches)
        for _ in own:
            yield self._draw_batch(rng)

    def _draw_batch(self, rng: np.random.Generator) -> Batch:
        chosen = np.searchsorted(self._cumulative, rng.random(self.batch) * self._cumulative[-1])
        images = np.stack([self._view(int(index), rng) for index in chosen])
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2)
        return self._mix(self._colour(pixels, rng), torch.from_numpy(self._targets[chosen]), rng)

    def _view(self, index: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
        """A crop, resized and perhaps mirrored (size, size, 3)."""
        pixels = self.squares[index]
        side = len(pixels)
        area = rng.uniform(self._smallest[index], 1.0)
        stretch = self.options.stretch ** rng.uniform(-0.5, 0.5)
        width, height = (min(1.0, (area**0.5) * factor) * side for factor in (stretch, 1 / stretch))
        x, y = rng.uniform(0, side - width), rng.uniform(0, side - height)
        image = Image.fromarray(pixels)
        enlarged = rng.random() < self.options.enlarged
        drawn = round(self.size * rng.uniform(self.options.enlarged_from, 1.0)) if enlarged else self.size
        view = image.resize((drawn, drawn), Image.Resampling.BILINEAR, (x, y, x + width, y + height))
        if enlarged:
            view = view.resize((self.size, self.size), Image.Resampling.BILINEAR)
        result = np.asarray(view)
        return result[:, ::-1] if rng.random() < 0.5 else result

    def _mix(self, images: Tensor, targets: Tensor, rng: np.random.Generator) -> Batch:
        """Blend each of uint8 (B, 3, H, W) with the next one, and the targets alike (Zhang et al., mixup, 2018)."""
        if self.options.mixed == 0.0:
            return images, targets
        drawn = rng.beta(self.options.mixed, self.options.mixed, len(images))
        share = torch.from_numpy(np.minimum(drawn, 1 - drawn).astype(np.float32))
        blended = torch.lerp(images.float(), images.roll(1, 0).float(), share.view(-1, 1, 1, 1))
        return blended.round().to(torch.uint8), torch.lerp(targets, targets.roll(1, 0), share)

    def _colour(self, images: Tensor, rng: np.random.Generator) -> Tensor:
        """Other brightness, contrast and saturation for each image of uint8 (B, 3, H, W)."""
        drawn = rng.uniform(1 - self.options.colour, 1 + self.options.colour, (3, len(images), 1, 1, 1))
        brightness, contrast, saturation = torch.from_numpy(drawn.astype(np.float32))
        saturation = saturation * torch.from_numpy(rng.random((len(images), 1, 1, 1)) >= self.options.gray)
        pixels = images.float()
        gray = pixels.mean(1, keepdim=True)
        mean = gray.mean((2, 3), keepdim=True)
        pixels = (gray + (pixels - gray) * saturation - mean) * contrast + mean * brightness
        rounded: Tensor = pixels.round().clamp(0, 255).to(torch.uint8)
        return rounded


def soft_targets(samples: Sequence[WakeWordSample], teacher_weight: float) -> npt.NDArray[np.float32]:
    """Probability of a person, between the label's and the teacher's."""
    teacher = np.array([s.teacher for s in samples], np.float32)
    labels = np.array([s.label for s in samples], np.float32)
    return (teacher_weight * teacher + (1 - teacher_weight) * labels).astype(np.float32)


def draw_weights(samples: Sequence[WakeWordSample], options: WakeWordOptions) -> npt.NDArray[np.float64]:
    """How often each photo is drawn, relative to the others."""
    counts = Counter(s.source for s in samples)
    factors = (options.annotated_factor if s.annotated else 1.0 for s in samples)
    return np.array([f * counts[s.source] ** -options.source_power for s, f in zip(samples, factors, strict=True)])
