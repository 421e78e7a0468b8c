"""Which wake-word photos are drawn, with which targets, and what augmentation does to them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mcu_vision.data.wake_word_sample import WakeWordSample
from mcu_vision.training.wake_word_dataset import WakeWordOptions, WakeWordSquares, draw_weights, soft_targets

PERSON = WakeWordSample(Path(), "a.webp", 1, 0.8, "coco", annotated=True, person_share=0.05)
SCENE = WakeWordSample(Path(), "b.webp", 0, 0.1, "rooms")
STILL = WakeWordOptions(smallest_crop=1.0, safe_crop=1.0, stretch=1.0, colour=0.0, gray=0.0, enlarged=0.0, mixed=0.0)


def _squares(samples, options, seed=0, batches=2, side=24, size=24):
    pixels = np.arange(len(samples) * side * side * 3, dtype=np.uint32).astype(np.uint8)
    return WakeWordSquares(samples, pixels.reshape(-1, side, side, 3), size, 8, batches, seed, options)


def test_targets_lie_between_label_and_teacher():
    np.testing.assert_allclose(soft_targets([PERSON, SCENE], 0.7), [0.86, 0.07], rtol=1e-6)
    np.testing.assert_allclose(soft_targets([PERSON, SCENE], 0.0), [1, 0])


def test_sources_are_balanced_and_annotated_photos_favoured():
    samples = [PERSON] + [SCENE] * 16
    weights = draw_weights(samples, WakeWordOptions(annotated_factor=6, source_power=0.25))
    assert weights[0] / weights[1] == pytest.approx(12)
    alike = draw_weights(samples, WakeWordOptions(annotated_factor=1, source_power=1))
    assert alike[0] == pytest.approx(alike[1:].sum())


def test_without_augmentation_photos_come_whole_or_mirrored():
    data = _squares([PERSON, SCENE], STILL)
    images, targets = next(iter(data))
    assert images.dtype == torch.uint8
    assert images.shape == (8, 3, 24, 24)
    expected = torch.from_numpy(data.squares).permute(0, 3, 1, 2)
    for image, target in zip(images, targets, strict=True):
        photo = expected[0] if target > 0.5 else expected[1]
        assert torch.equal(image, photo) or torch.equal(image, photo.flip(2))


def test_small_persons_are_not_cropped_away():
    options = replace(STILL, smallest_crop=0.1, safe_crop=0.9)
    data = _squares([PERSON, replace(PERSON, person_share=0.6), SCENE], options)
    np.testing.assert_array_equal(data._smallest, [0.9, 0.1, 0.1])


def test_early_epochs_are_smaller():
    data = _squares([PERSON, SCENE], WakeWordOptions(small_until=0.5, small_input=0.5))
    data.start_epoch(0, 0.49)
    assert next(iter(data))[0].shape[2:] == (12, 12)
    data.start_epoch(1, 0.5)
    assert next(iter(data))[0].shape[2:] == (24, 24)


def test_batches_depend_on_seed_and_epoch_alone():
    one, two, other = (_squares([PERSON, SCENE], WakeWordOptions(), seed) for seed in (0, 0, 9))
    first = next(iter(one))
    assert all(torch.equal(a, b) for a, b in zip(first, next(iter(two)), strict=True))
    assert not torch.equal(first[0], next(iter(other))[0])
    two.start_epoch(1, 0.0)
    assert not torch.equal(first[0], next(iter(two))[0])


def test_enlarged_photos_lose_detail_but_not_size():
    sharp, _ = next(iter(_squares([SCENE], STILL)))
    soft, _ = next(iter(_squares([SCENE], replace(STILL, enlarged=1.0, enlarged_from=0.5))))
    assert soft.shape == sharp.shape
    detail = [float((images[..., 1:].float() - images[..., :-1].float()).abs().mean()) for images in (sharp, soft)]
    assert detail[1] < 0.9 * detail[0]


def test_mixed_photos_have_mixed_targets():
    data = _squares([PERSON, SCENE], replace(STILL, mixed=0.5), batches=20)
    plain = {round(float(t), 5) for t in data._targets}
    photos = torch.from_numpy(data.squares).permute(0, 3, 1, 2).float()
    light = sorted(photos.mean((1, 2, 3)).tolist())
    blended = 0
    for images, targets in data:
        means = images.float().mean((1, 2, 3))
        assert (means >= light[0] - 1).all()
        assert (means <= light[1] + 1).all()
        assert (targets >= min(plain)).all()
        assert (targets <= max(plain)).all()
        blended += sum(round(float(t), 5) not in plain for t in targets)
    assert blended > 20


def test_gray_photos_have_no_colour():
    images, _ = next(iter(_squares([SCENE], replace(STILL, gray=1.0))))
    assert (images.float().amax(1) - images.float().amin(1)).max() <= 1
